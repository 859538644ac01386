//! The files of an image as a volume, read-only. Models `pkg/volume/image` and the runtime's mount of it.
//!
//! Not modelled: the time its pull takes, pull policies, pull secrets.

use containers::fs::VolumeId;
use objects::Value;

use crate::depot::Depot;
use crate::image_manager::{PullError, look_up};

pub(super) fn set_up(source: &Value, depot: &mut Depot) -> Result<VolumeId, String> {
    let reference = source["reference"].text();
    let facts = look_up(reference, &depot.registry, &[]).map_err(|e| match e {
        PullError::Invalid(why) | PullError::Refused(why) => why,
    })?;
    let id = depot.volume(&format!("image/{reference}"));
    let tree = match (&facts.built, facts.image) {
        (Some(built), _) => built.template.tree.clone(),
        (None, Some(image)) => depot.roots.of(image, &facts.tag),
        (None, None) => depot.roots.plain(),
    };
    if let Some(t) = depot.tree_mut(id) {
        t.root = tree.root;
    }
    Ok(id)
}
