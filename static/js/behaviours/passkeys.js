// form[data-passkey="create|get"]: asks the device for a passkey, then sends what it says as `credential`.
// The options come from #passkey-options in the form, or from the address in data-passkey-options.
const toBytes = (text) => Uint8Array.from(
  atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0),
);
const toText = (bytes) => bytes && btoa(String.fromCharCode(...new Uint8Array(bytes)))
  .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const withBytes = (list) => (list ?? []).map((one) => ({ ...one, id: toBytes(one.id) }));

const creation = (options) => ({
  ...options,
  challenge: toBytes(options.challenge),
  user: { ...options.user, id: toBytes(options.user.id) },
  excludeCredentials: withBytes(options.excludeCredentials),
});
const request = (options) => ({
  ...options,
  challenge: toBytes(options.challenge),
  allowCredentials: withBytes(options.allowCredentials),
});

const asJson = (credential) => JSON.stringify({
  id: credential.id,
  rawId: toText(credential.rawId),
  type: credential.type,
  clientExtensionResults: credential.getClientExtensionResults(),
  response: Object.fromEntries(
    ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]
      .filter((name) => credential.response[name])
      .map((name) => [name, toText(credential.response[name])]),
  ),
});

const optionsOf = async (form) => {
  const url = form.dataset.passkeyOptions;
  if (!url) return JSON.parse(form.querySelector("script[type='application/json']").textContent);
  const answer = await fetch(url, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error("no options");
  return (await answer.json()).request_options;
};

const ask = async (form) => {
  const { publicKey } = await optionsOf(form);
  return form.dataset.passkey === "create"
    ? navigator.credentials.create({ publicKey: creation(publicKey) })
    : navigator.credentials.get({ publicKey: request(publicKey) });
};

const whyNot = (error) => {
  if (!window.PublicKeyCredential) return "This browser knows no passkeys, or the page was opened without https.";
  if (/^[\d.]+$|:/.test(location.hostname)) return `Passkeys need a name, not a number, as the address: try ${location.hostname === "127.0.0.1" ? "localhost" : "the host name"}.`;
  if (error.name === "InvalidStateError") return "This device has a passkey for you already.";
  return "That did not work, or you cancelled it. Try again.";
};

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-passkey]");
  if (!form) return;
  event.preventDefault();
  const said = form.querySelector("[data-passkey-error]");
  said.textContent = "";
  try {
    form.elements.credential.value = asJson(await ask(form));
    form.submit();
  } catch (error) {
    said.textContent = whyNot(error);
  }
});

// Pressed before this file was here, a button would send a form without a passkey.
document.querySelectorAll("form[data-passkey] button[type='submit']").forEach((button) => {
  button.disabled = false;
});
