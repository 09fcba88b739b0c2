"""The pages for people. Each room adds its lines; names are the contract, paths may change."""

from django.urls import URLPattern, URLResolver, include, path

from flows.views import (
    account_home,
    account_settings,
    api_keys,
    audit_log,
    callback_deliveries,
    callback_life,
    callback_profiles,
    company,
    connection_life,
    connection_self_test,
    connection_templates,
    connections,
    documents,
    executions,
    flow_life,
    flows,
    health,
    history,
    invitation,
    invitations,
    members,
    onboarding,
    publication_requests,
    reference,
    rejected,
    reviews,
    sender_life,
    senders,
    session,
    support,
    support_accounts,
    support_reopen,
    template_edit,
    template_life,
    templates,
    test_recipients,
    test_send,
    test_target,
    theme,
    wizard,
    wizard_step,
)

_FLOW = [
    path("", flows.detail, name="flow-detail"),
    path("edit/", wizard.edit, name="flow-edit"),
    path("edit/steps/", wizard.steps, name="flow-steps"),
    path("edit/steps/<int:number>/", wizard_step.step, name="flow-step"),
    path("edit/check/", wizard.check, name="flow-check"),
    path("preview/", wizard_step.preview, name="flow-preview"),
    path("publish/", flow_life.publish, name="flow-publish"),
    path("request/", publication_requests.ask, name="flow-request"),
    path("request/withdraw/", publication_requests.withdraw, name="flow-request-withdraw"),
    path("request/decline/", publication_requests.decline, name="flow-request-decline"),
    path("unpublish/", flow_life.unpublish, name="flow-unpublish"),
    path("discard/", flow_life.discard, name="flow-discard"),
    path("delete/", flow_life.delete, name="flow-delete"),
    path("restore/", flow_life.restore, name="flow-restore"),
    path("duplicate/", flow_life.duplicate, name="flow-duplicate"),
    path("history/", history.history, name="flow-history"),
    path("history/<int:number>/restore/", history.restore_version, name="flow-version-restore"),
    path("test/", test_send.test_send, name="test-send"),
    path("test/<uuid:test_id>/", test_send.test_send_result, name="test-send-result"),
]

_EXECUTION = [
    path("", executions.execution_detail, name="execution-detail"),
    path("timeline/", executions.execution_timeline, name="execution-timeline"),
    path("cancel/", executions.execution_cancel, name="execution-cancel"),
]

# Before and around flows: one list a room.
_ONBOARDING = [
    path("", onboarding.page, name="onboarding"),
    path("samples/", onboarding.fill_in_samples, name="sample-fill"),
    path("sandbox/", onboarding.use_sandbox, name="sandbox-connect"),
    path("fallback/", onboarding.ask_for_fallback, name="fallback-request"),
    path("fallback/withdraw/", onboarding.withdraw_fallback, name="fallback-withdraw"),
    path("business-manager/", company.business_manager, name="business-manager-edit"),
    path("company/", company.detail, name="company-detail"),
    path("company/edit/", company.edit, name="company-edit"),
    path("company/submit/", company.submit, name="company-submit"),
    path("company/withdraw/", company.withdraw, name="company-withdraw"),
    path("company/documents/new/", documents.create, name="document-create"),
    path("company/documents/<uuid:document_id>/", documents.download, name="document-download"),
    path("company/documents/<uuid:document_id>/delete/", documents.delete, name="document-delete"),
]
_REVIEWS = [
    path("", reviews.review_list, name="review-list"),
    path("<uuid:review_id>/", reviews.detail, name="review-detail"),
    path("<uuid:review_id>/withdraw/", reviews.withdraw, name="review-withdraw"),
    path("<uuid:review_id>/approve/", reviews.approve, name="review-approve"),
    path("<uuid:review_id>/reject/", reviews.reject, name="review-reject"),
]
_SENDERS = [
    path("", senders.sender_list, name="sender-list"),
    path("new/", senders.create, name="sender-create"),
    path("<uuid:sender_id>/", senders.detail, name="sender-detail"),
    path("<uuid:sender_id>/edit/", senders.edit, name="sender-edit"),
    path("<uuid:sender_id>/submit/", sender_life.submit, name="sender-submit"),
    path("<uuid:sender_id>/withdraw/", sender_life.withdraw, name="sender-withdraw"),
    path("<uuid:sender_id>/pause/", sender_life.pause, name="sender-pause"),
    path("<uuid:sender_id>/resume/", sender_life.resume, name="sender-resume"),
    path("<uuid:sender_id>/delete/", sender_life.delete, name="sender-delete"),
    path("<uuid:sender_id>/restore/", sender_life.restore, name="sender-restore"),
]
_TEMPLATE = [
    path("", templates.detail, name="template-detail"),
    path("edit/", template_edit.edit, name="template-edit"),
    path("submit/", template_life.submit, name="template-submit"),
    path("withdraw/", template_life.withdraw, name="template-withdraw"),
    path("pause/", template_life.pause, name="template-pause"),
    path("resume/", template_life.resume, name="template-resume"),
    path("delete/", template_life.delete, name="template-delete"),
    path("restore/", template_life.restore, name="template-restore"),
    path("duplicate/", template_life.duplicate, name="template-duplicate"),
]
_TEMPLATES: list[URLPattern | URLResolver] = [
    path("", templates.template_list, name="template-list"),
    path("new/", template_edit.create, name="template-create"),
    path("preview/", template_edit.preview, name="template-preview"),
    path("<uuid:template_id>/", include(_TEMPLATE)),
]
_CONNECTION = [
    path("", connections.detail, name="connection-detail"),
    path("edit/", connections.edit, name="connection-edit"),
    path("check/", connection_life.check, name="connection-check"),
    path("new-address/", connection_life.new_address, name="connection-new-address"),
    path("delete/", connection_life.delete, name="connection-delete"),
    path("senders/", connection_life.senders, name="connection-senders"),
    path("templates/", connection_templates.template_list, name="connection-templates"),
    path("templates/sync/", connection_templates.sync, name="connection-sync"),
    path("unread/", connection_life.unread, name="connection-unread"),
    path("self-test/", connection_self_test.self_test, name="connection-self-test"),
]
_CONNECTIONS: list[URLPattern | URLResolver] = [
    path("", connections.connection_list, name="connection-list"),
    path("new/", connections.create, name="connection-create"),
    path("<uuid:connection_id>/", include(_CONNECTION)),
]
_CALLBACK_PROFILES = [
    path("", callback_profiles.profile_list, name="callback-profile-list"),
    path("new/", callback_profiles.create, name="callback-profile-create"),
    path("example/", callback_profiles.example, name="callback-profile-example"),
    path("<str:profile_id>/", callback_profiles.detail, name="callback-profile-detail"),
    path("<str:profile_id>/edit/", callback_profiles.edit, name="callback-profile-edit"),
    path("<str:profile_id>/test/", callback_deliveries.send_test, name="callback-profile-test"),
    path("<str:profile_id>/rotate/", callback_life.rotate, name="callback-profile-rotate"),
    path(
        "<str:profile_id>/end-old-secret/", callback_life.end_old, name="callback-profile-end-old"
    ),
    path("<str:profile_id>/enable/", callback_life.enable, name="callback-profile-enable"),
    path("<str:profile_id>/disable/", callback_life.disable, name="callback-profile-disable"),
    path("<str:profile_id>/delete/", callback_life.delete, name="callback-profile-delete"),
    path("<str:profile_id>/posted/", callback_deliveries.log, name="callback-log"),
    path(
        "<str:profile_id>/posted/resend/",
        callback_deliveries.resend_lost,
        name="callback-resend-lost",
    ),
    path(
        "<str:profile_id>/posted/<uuid:delivery_id>/",
        callback_deliveries.detail,
        name="callback-detail",
    ),
]
_KEYS = [
    path("", api_keys.api_key_list, name="api-key-list"),
    path("new/", api_keys.create, name="api-key-create"),
    path("<uuid:key_id>/", api_keys.edit, name="api-key-edit"),
    path("<uuid:key_id>/revoke/", api_keys.revoke, name="api-key-revoke"),
]
_TEST_RECIPIENTS = [
    path("", test_recipients.test_recipient_list, name="test-recipient-list"),
    path("new/", test_recipients.create, name="test-recipient-create"),
    path("<uuid:recipient_id>/", test_recipients.edit, name="test-recipient-edit"),
    path("<uuid:recipient_id>/delete/", test_recipients.delete, name="test-recipient-delete"),
    path(
        "<uuid:deleted_recipient_id>/restore/",
        test_recipients.restore,
        name="test-recipient-restore",
    ),
]
_MEMBERS = [
    path("", members.member_list, name="member-list"),
    path("leave/", members.member_leave, name="member-leave"),
    path("<uuid:user_id>/role/", members.member_role, name="member-role"),
    path("<uuid:user_id>/remove/", members.member_remove, name="member-remove"),
    path("invite/", invitations.invitation_create, name="invitation-create"),
    path(
        "invitations/<uuid:invitation_id>/new-link/",
        invitations.invitation_renew,
        name="invitation-renew",
    ),
    path(
        "invitations/<uuid:invitation_id>/withdraw/",
        invitations.invitation_withdraw,
        name="invitation-withdraw",
    ),
]
_AUDIT = [
    path("", audit_log.audit_log, name="audit-log"),
    path("export.csv", audit_log.audit_export, name="audit-export"),
]
_SETTINGS = [
    path("", account_settings.account_settings, name="account-settings"),
    path("revoke-keys/", account_settings.revoke_keys, name="account-revoke-keys"),
    path("unpublish-flows/", account_settings.unpublish_flows, name="account-unpublish-flows"),
    path("close/", account_settings.close, name="account-close"),
]
_SUPPORT = [
    path("", support.queue, name="support-queue"),
    path("decided/", support.history, name="support-history"),
    path("requests/<uuid:review_id>/", support.review, name="support-review"),
    path("requests/<uuid:review_id>/approve/", support.approve, name="support-approve"),
    path("requests/<uuid:review_id>/reject/", support.reject, name="support-reject"),
    path("documents/<uuid:document_id>/", documents.download_for_support, name="support-document"),
    path("accounts/", support_accounts.account_list, name="support-account-list"),
    path("accounts/<str:sid>/", support_accounts.account_detail, name="support-account"),
    path("accounts/<str:sid>/reopen/", support_reopen.reopen, name="support-reopen"),
]

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("theme/", theme.theme, name="theme"),
    path("reference/", reference.api_reference, name="api-reference"),
    # Coming and going.
    path("", session.home, name="home"),
    path("", include("flows.views.me_urls")),
    path("invitation/", invitation.invitation, name="invitation"),
    path("invitation/<str:token>/", invitation.invitation_open, name="invitation-open"),
    # Flows: home, list, wizard, life, history.
    path("a/<str:sid>/", account_home.account_home, name="account-home"),
    path("a/<str:sid>/flows/", flows.flow_list, name="flow-list"),
    path("a/<str:sid>/flows/new/", wizard.create, name="flow-create"),
    path("a/<str:sid>/flows/sample/", flow_life.create_sample, name="flow-sample"),
    path("a/<str:sid>/flows/deleted/", flows.deleted_list, name="flow-deleted-list"),
    path("a/<str:sid>/flows/<uuid:flow_id>/", include(_FLOW)),
    # Running and watching.
    path("a/<str:sid>/rejected-calls/", rejected.rejected_call_list, name="rejected-call-list"),
    path(
        "a/<str:sid>/rejected-calls/export.csv",
        rejected.rejected_call_export,
        name="rejected-call-export",
    ),
    path("a/<str:sid>/executions/", executions.execution_list, name="execution-list"),
    path("a/<str:sid>/executions/new/", executions.execution_news, name="execution-news"),
    path("a/<str:sid>/executions/export.csv", executions.execution_export, name="execution-export"),
    path("a/<str:sid>/executions/<str:execution_id>/", include(_EXECUTION)),
    path(
        "a/<str:sid>/callbacks/<uuid:delivery_id>/resend/",
        callback_deliveries.resend,
        name="callback-resend",
    ),
    # Before and around flows.
    path("a/<str:sid>/onboarding/", include(_ONBOARDING)),
    path("a/<str:sid>/reviews/", include(_REVIEWS)),
    path("a/<str:sid>/connections/", include(_CONNECTIONS)),
    path("a/<str:sid>/senders/", include(_SENDERS)),
    path("a/<str:sid>/templates/", include(_TEMPLATES)),
    path("a/<str:sid>/callback-profiles/", include(_CALLBACK_PROFILES)),
    path("a/<str:sid>/api-keys/", include(_KEYS)),
    path("a/<str:sid>/test-recipients/", include(_TEST_RECIPIENTS)),
    path("a/<str:sid>/members/", include(_MEMBERS)),
    path("a/<str:sid>/audit-log/", include(_AUDIT)),
    path("a/<str:sid>/settings/", include(_SETTINGS)),
    path("support/", include(_SUPPORT)),
    path("a/<str:sid>/test-target/", test_target.test_target, name="test-target"),
]
