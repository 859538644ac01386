//! The two languages, and what kinds are called in them.

use crate::josa;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lang {
    #[default]
    En,
    Ko,
}

impl Lang {
    pub const ALL: [Self; 2] = [Self::En, Self::Ko];

    /// `en`, `ko`: in file names and in `lang` attributes.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ko => "ko",
        }
    }

    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|l| l.code() == code)
    }
}

/// A resource's kind in prose: English singular and plural, Korean as in the Korean Kubernetes documentation.
const KINDS: &[(&str, &str, &str, &str)] = &[
    ("configmaps", "ConfigMap", "ConfigMaps", "컨피그맵"),
    ("cronjobs.batch", "CronJob", "CronJobs", "크론잡"),
    (
        "customresourcedefinitions.apiextensions.k8s.io",
        "CustomResourceDefinition",
        "CustomResourceDefinitions",
        "커스텀리소스데피니션",
    ),
    ("daemonsets.apps", "DaemonSet", "DaemonSets", "데몬셋"),
    ("deployments.apps", "Deployment", "Deployments", "디플로이먼트"),
    ("endpointslices.discovery.k8s.io", "EndpointSlice", "EndpointSlices", "엔드포인트슬라이스"),
    ("events", "event", "events", "이벤트"),
    ("horizontalpodautoscalers.autoscaling", "HorizontalPodAutoscaler", "HorizontalPodAutoscalers", "HPA"),
    ("ingressclasses.networking.k8s.io", "IngressClass", "IngressClasses", "인그레스클래스"),
    ("ingresses.networking.k8s.io", "Ingress", "Ingresses", "인그레스"),
    ("jobs.batch", "Job", "Jobs", "잡"),
    ("namespaces", "namespace", "namespaces", "네임스페이스"),
    ("nodes", "node", "nodes", "노드"),
    ("persistentvolumeclaims", "PersistentVolumeClaim", "PersistentVolumeClaims", "퍼시스턴트볼륨클레임"),
    ("persistentvolumes", "PersistentVolume", "PersistentVolumes", "퍼시스턴트볼륨"),
    ("pods", "pod", "pods", "파드"),
    ("replicasets.apps", "ReplicaSet", "ReplicaSets", "레플리카셋"),
    ("resourcequotas", "ResourceQuota", "ResourceQuotas", "리소스쿼터"),
    ("secrets", "Secret", "Secrets", "시크릿"),
    ("serviceaccounts", "ServiceAccount", "ServiceAccounts", "서비스어카운트"),
    ("services", "Service", "Services", "서비스"),
    ("statefulsets.apps", "StatefulSet", "StatefulSets", "스테이트풀셋"),
    ("storageclasses.storage.k8s.io", "StorageClass", "StorageClasses", "스토리지클래스"),
];

/// `pod`, `파드`; of a kind without an entry its plural resource name.
pub(crate) fn kind(resource_id: &str, lang: Lang, plural: bool) -> &str {
    match (KINDS.iter().find(|k| k.0 == resource_id), lang, plural) {
        (Some(k), Lang::En, false) => k.1,
        (Some(k), Lang::En, true) => k.2,
        (Some(k), Lang::Ko, _) => k.3,
        (None, ..) => resource_id.split('.').next().unwrap_or(resource_id),
    }
}

/// `레플리카셋` for `ReplicaSet`; a kind without an entry as it is.
pub(crate) fn in_korean(kind: &str) -> &str {
    KINDS.iter().find(|k| k.1 == kind).map_or(kind, |k| k.3)
}

/// The subject of a Korean sentence: `파드가`, `web이`.
pub(crate) fn subject(word: &str) -> String {
    josa::with(word, "이", "가")
}
