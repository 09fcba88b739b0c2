"""The whole product for browser tests: live server, real engine, and the demo inside."""

from dataclasses import dataclass

from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext

from flows.demo import assets, collection, people
from flows.models import Account, Flow, Role, User

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class House:
    """Where it is, and what the demo put into it."""

    url: str
    account: Account
    new_account: Account
    people: dict[Role, User]
    flows: dict[str, Flow]

    def at(self, path: str) -> str:
        return f"{self.url}/a/{self.account.sid}/{path}"

    def email(self, role: Role) -> str:
        return self.people[role].email

    def enter(self, context: BrowserContext, role: Role) -> None:
        """Sign in without the form."""
        client = Client()
        client.force_login(self.people[role])
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": self.url}])


def furnish(url: str) -> House:
    """The demo without its history."""
    ready, new = people.seed_accounts()
    persons = people.seed_people(ready, new, password=PASSWORD)
    people.seed_keys(ready, known={}, by=persons[Role.ADMIN])
    profile = assets.seed_assets(ready, by=persons[Role.MARKETER])
    flows = collection.seed_flows(ready, persons, profile=profile)
    return House(url, ready, new, persons, flows)
