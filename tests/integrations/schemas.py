"""What the manifests of examples may hold, as JSON Schemas that know every field's name, so that a slip of the pen is found.

Written by hand after the definitions of Argo Rollouts 1.8, Flagger 1.42 and Kubernetes 1.34, and only as far as the
examples go. Their own schemas let unknown fields through.
"""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

Schema = dict[str, Any]

TEXT: Schema = {"type": "string", "minLength": 1}
NUMBER: Schema = {"type": "integer", "minimum": 0}
YES_OR_NO: Schema = {"type": "boolean"}
DURATION: Schema = {"type": "string", "pattern": r"^(\d+(ms|s|m|h))+$"}
TEXTS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}


def known(*required: str, **fields: Schema) -> Schema:
    """Return the schema of an object with these fields and no others."""
    return {"type": "object", "required": list(required), "properties": fields, "additionalProperties": False}


def many(item: Schema) -> Schema:
    """Return the schema of a list with something in it."""
    return {"type": "array", "items": item, "minItems": 1}


def one_of(*words: str) -> Schema:
    """Return the schema of one of these words."""
    return {"enum": list(words)}


def kind(api: str, name: str, **sections: Schema) -> Schema:
    """Return the schema of a whole manifest."""
    about = known("name", name=TEXT, namespace=TEXT, labels=TEXTS, annotations=TEXTS)
    return known("apiVersion", "kind", "metadata", *sections,
                 apiVersion={"const": api}, kind={"const": name}, metadata=about, **sections)  # fmt: skip


SECRET_KEY = known("name", "key", name=TEXT, key=TEXT)
SELECTOR = known(matchLabels=TEXTS)
ENV = known("name", name=TEXT, value={"type": "string"}, valueFrom=known("secretKeyRef", secretKeyRef=SECRET_KEY))
CONTAINER = known(
    "name",
    "image",
    name=TEXT,
    image=TEXT,
    command=many(TEXT),
    args=many(TEXT),
    env=many(ENV),
    ports=many(known("containerPort", containerPort=NUMBER)),
    resources=known(requests=TEXTS, limits=TEXTS),
    volumeMounts=many(known("name", "mountPath", name=TEXT, mountPath=TEXT, readOnly=YES_OR_NO)),
    securityContext=known(
        allowPrivilegeEscalation=YES_OR_NO, readOnlyRootFilesystem=YES_OR_NO, capabilities=known(drop=many(TEXT))
    ),
)
POD = known(
    "spec",
    metadata=known(labels=TEXTS),
    spec=known(
        "containers",
        containers=many(CONTAINER),
        restartPolicy=one_of("Never", "OnFailure", "Always"),
        automountServiceAccountToken=YES_OR_NO,
        securityContext=known(
            runAsNonRoot=YES_OR_NO, runAsUser=NUMBER, seccompProfile=known("type", type=one_of("RuntimeDefault"))
        ),
        volumes=many(known("name", "configMap", name=TEXT, configMap=known("name", name=TEXT))),
    ),
)

FAILURE_RULE = known(
    "action",
    action=one_of("FailJob", "Ignore", "Count", "FailIndex"),
    onExitCodes=known(
        "operator", "values", containerName=TEXT, operator=one_of("In", "NotIn"),
        values=many({"type": "integer", "minimum": 1, "maximum": 255}),
    ),
    onPodConditions=many(known("type", type=TEXT, status=one_of("True", "False", "Unknown"))),
)  # fmt: skip
JOB = known(
    "template",
    template=POD,
    backoffLimit=NUMBER,
    activeDeadlineSeconds=NUMBER,
    ttlSecondsAfterFinished=NUMBER,
    podFailurePolicy=known("rules", rules=many(FAILURE_RULE)),
)

TEMPLATE_ARG = known("name", name=TEXT, value=TEXT, valueFrom=known("secretKeyRef", secretKeyRef=SECRET_KEY))
STEP_ARG = known(
    "name", name=TEXT, value=TEXT,
    valueFrom=known("podTemplateHashValue", podTemplateHashValue=one_of("Latest", "Stable")),
)  # fmt: skip
WEB = known(
    "url",
    url=TEXT,
    method=one_of("GET", "POST", "PUT"),
    headers=many(known("key", "value", key=TEXT, value=TEXT)),
    body=TEXT,
    jsonPath=TEXT,
    timeoutSeconds=NUMBER,
)
METRIC = known(
    "name",
    "provider",
    name=TEXT,
    provider=known("web", web=WEB),
    successCondition=TEXT,
    failureCondition=TEXT,
    interval=DURATION,
    initialDelay=DURATION,
    count=NUMBER,
    failureLimit=NUMBER,
    inconclusiveLimit=NUMBER,
    consecutiveErrorLimit=NUMBER,
    consecutiveSuccessLimit=NUMBER,
)
ANALYSIS = known("templates", templates=many(known("templateName", templateName=TEXT)), args=many(STEP_ARG))
CANARY_STEP = {
    **known(
        setWeight={"type": "integer", "minimum": 0, "maximum": 100}, pause=known(duration=DURATION), analysis=ANALYSIS
    ),
    "minProperties": 1,
    "maxProperties": 1,
}

WEBHOOK = known(
    "name",
    "url",
    name=TEXT,
    url={"type": "string", "format": "uri", "pattern": "^https?://"},
    type=one_of("rollout", "pre-rollout", "confirm-rollout", "confirm-promotion", "confirm-traffic-increase",
                "post-rollout", "rollback", "event"),
    timeout=DURATION,
    metadata=TEXTS,
    muteAlert=YES_OR_NO,
    retries=NUMBER,
)  # fmt: skip
FLAGGER_ANALYSIS = known(
    "interval", "threshold", interval=DURATION, threshold=NUMBER, maxWeight=NUMBER, stepWeight=NUMBER, iterations=NUMBER,
    webhooks=many(WEBHOOK),
)  # fmt: skip
TARGET = known("apiVersion", "kind", "name", apiVersion=TEXT, kind=TEXT, name=TEXT)
PEER = known(namespaceSelector=SELECTOR, podSelector=SELECTOR)

KINDS = {
    "AnalysisTemplate": kind("argoproj.io/v1alpha1", "AnalysisTemplate",
                             spec=known("metrics", args=many(TEMPLATE_ARG), metrics=many(METRIC))),
    "Rollout": kind("argoproj.io/v1alpha1", "Rollout",
                    spec=known("selector", "template", "strategy", replicas=NUMBER, selector=SELECTOR, template=POD,
                               strategy=known("canary", canary=known("steps", steps=many(CANARY_STEP))))),
    "Canary": kind("flagger.app/v1beta1", "Canary",
                   spec=known("targetRef", "service", "analysis", targetRef=TARGET, service=known("port", port=NUMBER),
                              analysis=FLAGGER_ANALYSIS)),
    "Job": kind("batch/v1", "Job", spec=JOB),
    "Deployment": kind("apps/v1", "Deployment",
                       spec=known("selector", "template", replicas=NUMBER, selector=SELECTOR, template=POD)),
    "ConfigMap": kind("v1", "ConfigMap", data=TEXTS),
    "Service": kind("v1", "Service",
                    spec=known("ports", selector=TEXTS, ports=many(known("port", port=NUMBER, targetPort=NUMBER)))),
    "NetworkPolicy": kind("networking.k8s.io/v1", "NetworkPolicy",
                          spec=known("podSelector", podSelector=SELECTOR, policyTypes=many(one_of("Ingress", "Egress")),
                                     ingress=many({"type": "object", "additionalProperties": False, "properties": {
                                         "from": many(PEER), "ports": many(known("port", port=NUMBER))}}))),
}  # fmt: skip


def faults(manifest: dict[str, Any]) -> list[str]:
    """Return what is wrong in a manifest, and where."""
    found = Draft202012Validator(KINDS[manifest["kind"]]).iter_errors(manifest)
    return [f"{'.'.join(map(str, each.path))}: {each.message}" for each in found]
