"""The pages for people. Each room adds its lines; names are the contract, paths may change."""

from django.urls import include, path

from flows.views import (
    account_home,
    executions,
    flow_life,
    flows,
    health,
    history,
    reference,
    rejected,
    session,
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
    path("request/", flow_life.ask_for_publication, name="flow-request"),
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

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("theme/", theme.theme, name="theme"),
    path("reference/", reference.api_reference, name="api-reference"),
    # Coming and going.
    path("", session.home, name="home"),
    path("sign-in/", session.sign_in, name="sign-in"),
    path("sign-out/", session.sign_out, name="sign-out"),
    # Flows: home, list, wizard, life, history.
    path("a/<str:sid>/", account_home.account_home, name="account-home"),
    path("a/<str:sid>/flows/", flows.flow_list, name="flow-list"),
    path("a/<str:sid>/flows/new/", wizard.create, name="flow-create"),
    path("a/<str:sid>/flows/sample/", flow_life.create_sample, name="flow-sample"),
    path("a/<str:sid>/flows/deleted/", flows.deleted_list, name="flow-deleted-list"),
    path("a/<str:sid>/flows/<uuid:flow_id>/", include(_FLOW)),
    # Running and watching.
    path("a/<str:sid>/rejected-calls/", rejected.rejected_call_list, name="rejected-call-list"),
    path("a/<str:sid>/executions/", executions.execution_list, name="execution-list"),
    path("a/<str:sid>/executions/new/", executions.execution_news, name="execution-news"),
    path("a/<str:sid>/executions/export.csv", executions.execution_export, name="execution-export"),
    path("a/<str:sid>/executions/<str:execution_id>/", include(_EXECUTION)),
    path(
        "a/<str:sid>/callbacks/<uuid:delivery_id>/resend/",
        executions.callback_resend,
        name="callback-resend",
    ),
    path("a/<str:sid>/test-target/", test_target.test_target, name="test-target"),
]
