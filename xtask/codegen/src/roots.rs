//! The schemas that the k8s-openapi crate knows: those of every resource, and of all that they refer to.

use k8s_openapi as k;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

/// Every definition, by its full name (`io.k8s.api.core.v1.Pod`).
pub fn definitions() -> Map<String, Value> {
    let mut generator = SchemaSettings::openapi3().into_generator();
    macro_rules! roots {
        ($($module:path: $($kind:ident),*;)*) => {$($({
            use $module as module;
            let _ = generator.subschema_for::<module::$kind>();
        })*)*};
    }
    roots! {
        k::api::admissionregistration::v1: MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, MutatingWebhookConfiguration, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, ValidatingWebhookConfiguration;
        k::api::apps::v1: ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet;
        k::api::authentication::v1: SelfSubjectReview, TokenRequest, TokenReview;
        k::api::authorization::v1: LocalSubjectAccessReview, SelfSubjectAccessReview, SelfSubjectRulesReview, SubjectAccessReview;
        k::api::autoscaling::v1: HorizontalPodAutoscaler, Scale;
        k::api::autoscaling::v2: HorizontalPodAutoscaler;
        k::api::batch::v1: CronJob, Job;
        k::api::certificates::v1: CertificateSigningRequest;
        k::api::coordination::v1: Lease;
        k::api::core::v1: Binding, ComponentStatus, ConfigMap, Endpoints, Event, LimitRange, Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod, PodTemplate, ReplicationController, ResourceQuota, Secret, Service, ServiceAccount;
        k::api::discovery::v1: EndpointSlice;
        k::api::events::v1: Event;
        k::api::flowcontrol::v1: FlowSchema, PriorityLevelConfiguration;
        k::api::networking::v1: IPAddress, Ingress, IngressClass, NetworkPolicy, ServiceCIDR;
        k::api::node::v1: RuntimeClass;
        k::api::policy::v1: Eviction, PodDisruptionBudget;
        k::api::rbac::v1: ClusterRole, ClusterRoleBinding, Role, RoleBinding;
        k::api::resource::v1: DeviceClass, ResourceClaim, ResourceClaimTemplate, ResourceSlice;
        k::api::scheduling::v1: PriorityClass;
        k::api::storage::v1: CSIDriver, CSINode, CSIStorageCapacity, StorageClass, VolumeAttachment, VolumeAttributesClass;
        k::apiextensions_apiserver::pkg::apis::apiextensions::v1: CustomResourceDefinition;
        k::apimachinery::pkg::apis::meta::v1: DeleteOptions, ListMeta, Status;
        k::kube_aggregator::pkg::apis::apiregistration::v1: APIService;
    }
    generator.take_definitions(false)
}
