//! What two lines of time shown side by side do not have in common.
//!
//! Owns: the verdict on each object of a picture ([`apart`]), and the sign that its mark gets ([`sign`]).
//! Does not own: which lines are compared (`session::branches`), or what an object looks like (`draw`).
//! Cost: the objects that are drawn, and only while two lines are compared.

use std::rc::Rc;

use ordered::BTreeMap;
use smol_str::format_smolstr;

use super::facts::{ObjectId, split_id};
use super::layout::{Layout, places};
use super::model::Model;
use crate::i18n::Texts;
use crate::mark::{Mark, Rect, circle, text};

/// How an object of one line stands to the other line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Apart {
    /// It is not there.
    Only,
    /// It is in another state there.
    Other,
}

/// Half the size of a sign, in px.
const SIGN: i32 = 8;

/// Objects of a picture that the other line lacks or has in another state, with their places.
pub type Aparts = BTreeMap<ObjectId, (Apart, Rect)>;

/// What of `layout`, a picture of `here`, is otherwise `there`.
#[must_use]
#[inline(never)]
pub fn apart(here: &Model, there: &Model, layout: &Layout) -> Aparts {
    places(layout)
        .into_iter()
        .filter_map(|(id, at)| Some((id.clone(), (judge(here, there, &id)?, at))))
        .collect()
}

fn judge(here: &Model, there: &Model, id: &ObjectId) -> Option<Apart> {
    let (resource, _, name) = split_id(id);
    let node = |m: &Model| m.nodes.get(name).map(|n| (n.ready, n.cordoned, n.pressure));
    let ready = |m: &Model| {
        let slices = m.slices.values().filter(|s| s.service == *id);
        slices.map(|s| s.endpoints.iter().filter(|e| e.ready).count()).sum::<usize>()
    };
    let thing = |m: &Model| m.shelf.get(id).or_else(|| m.doors.get(id)).cloned();
    match resource {
        "pods" => differ(here.any_pod(id), there.any_pod(id)),
        "nodes" => differ(node(here), node(there)),
        "services" => {
            let facts = |m: &Model| Some((m.services.get(id)?.clone(), ready(m)));
            differ(facts(here), facts(there))
        }
        _ if here.owners.contains_key(id) => differ(here.owners.get(id), there.owners.get(id)),
        _ => differ(thing(here), thing(there)),
    }
}

fn differ<T: PartialEq>(here: Option<T>, there: Option<T>) -> Option<Apart> {
    match (here, there) {
        (Some(_), None) => Some(Apart::Only),
        (Some(here), Some(there)) if here != there => Some(Apart::Other),
        _ => None,
    }
}

/// How many are only here, and how many are otherwise there.
#[must_use]
pub fn count(aparts: &Aparts) -> (i64, i64) {
    let of = |kind| i64::try_from(aparts.values().filter(|(a, _)| *a == kind).count()).unwrap_or(0);
    (of(Apart::Only), of(Apart::Other))
}

/// Says in the object's mark how it stands to the other line: a sign at its corner for the eye, words in its label.
#[inline(never)]
pub fn sign(layer: &mut [(ObjectId, Rc<Mark>)], aparts: &Aparts, texts: &Texts) {
    for (id, mark) in layer {
        let Some((apart, at)) = aparts.get(id) else { continue };
        let (letter, words) = match apart {
            Apart::Only => ("+", texts.time().only_here),
            Apart::Other => ("≠", texts.time().otherwise),
        };
        let mut signed = Mark::clone(mark);
        let named =
            signed.children.first_mut().and_then(|n| n.attrs.iter_mut().find(|(k, _)| *k == "aria-label"));
        // The ground below an object has its id too, and no name.
        let Some((_, label)) = named else { continue };
        *label = format_smolstr!("{label}, {words}");
        // A pod that is a dot would vanish below it.
        let (x, y, r) =
            if at.w < 2 * SIGN { (at.right(), at.y - 1, 6) } else { (at.right() - 4, at.y + 4, SIGN) };
        let mut drawn = Mark::new("g", "apart").at("aria-hidden", "true");
        drawn.add(circle("", x, y, r));
        drawn.add(text("", x, y + 4, letter));
        signed.add(drawn);
        *mark = Rc::new(signed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;
    use crate::stage::draw::{Artist, Focus};
    use crate::stage::layout::{View, layout};
    use crate::stage::model::sample::{cluster, in_default, pod, write};

    const HALF: View = View { width: 350, height: 360, narrow: true };

    #[test]
    fn what_differs_is_told_and_nothing_else() {
        let (mut here, there) = (cluster(2), cluster(2));
        let same = apart(&here, &there, &layout(&here, HALF, None));
        assert_eq!(count(&same), (0, 0));
        let mut moved = pod("web-a-0000", "worker-1", "web-a");
        moved.set_at(&["status", "phase"], "Failed");
        here.apply(&write("pods", moved));
        here.apply(&write("pods", pod("web-a-0007", "worker-3", "web-a")));
        here.apply(&write("configmaps", in_default("settings")));
        let told = apart(&here, &there, &layout(&here, HALF, None));
        let of = |id: &str| told.get(id).map(|(apart, _)| *apart);
        assert_eq!(of("pods/default/web-a-0000"), Some(Apart::Other));
        assert_eq!(of("pods/default/web-a-0007"), Some(Apart::Only));
        assert_eq!(of("pods/default/web-b-0001"), None);
        assert_eq!(of("nodes//worker-3"), None);
    }

    #[test]
    fn a_sign_is_seen_and_heard_in_both_languages() {
        let (here, there) = (cluster(1), cluster(0));
        let at = layout(&here, HALF, None);
        for (lang, end) in [(Lang::En, ", only in this line of time"), (Lang::Ko, ", 이 갈래에만 있음")]
        {
            let focus = Focus { aparts: apart(&here, &there, &at), ..Focus::default() };
            let layers = Artist::default().draw(&here, &at, lang, &focus, 0);
            let pod = &layers[4][0].1;
            assert!(pod.children[0].attr("aria-label").is_some_and(|label| label.ends_with(end)));
            assert_eq!(pod.children.last().map(Mark::all_text).as_deref(), Some("+"));
        }
    }
}
