//! How the requests of loads that run fail: each kind with its rate, its number, why, and the object to look at.
//!
//! Owns: what of it is shown, and how. Does not own: the tally and its sentences (cluster's load).

use cluster::load::{Failing, Running};
use cluster::network::path::Language;
use smol_str::{SmolStr, format_smolstr};

use super::ending::Ending;
use super::look_at;
use crate::i18n::Texts;
use crate::mark::Mark;
use crate::panels::charts::Unit;
use crate::session::Session;

/// Kinds of one load that are listed.
const MOST: usize = 8;

/// One block for each load that runs and has failed.
#[inline(never)]
#[must_use]
pub fn blocks(session: &Session, texts: &Texts, language: Language) -> Vec<(SmolStr, Mark)> {
    let running = session.cluster().load().running();
    running.filter_map(|load| block(load, texts, language)).collect()
}

fn block(load: &Running, texts: &Texts, language: Language) -> Option<(SmolStr, Mark)> {
    let mut kinds: Vec<&Failing> = load.failing().collect();
    if kinds.is_empty() {
        return None;
    }
    kinds.sort_by_key(|kind| std::cmp::Reverse(kind.total));
    let latest = load.latest().map(|sample| sample.at);
    let name = load.profile.name.as_str();
    let mut block = Mark::new("section", "fails");
    let mut head = Mark::new("p", "");
    head.add(Mark::new("b", "m").says(format_smolstr!("load {name}")));
    let served = Unit::Rate.says(load.latest().map_or(0, |sample| sample.served));
    let failed = Unit::Rate.says(load.latest().map_or(0, |sample| sample.failed));
    let words = (texts.charts(), texts.traffic());
    head.add(Mark::new("span", "end ok").says(format_smolstr!("✓ {} {served}", words.1.served)));
    head.add(Mark::new("span", "end bad").says(format_smolstr!("✕ {} {failed}", words.0.failed)));
    block.add(head);
    let mut list = Mark::new("ul", "");
    for kind in kinds.into_iter().take(MOST) {
        let now = if Some(kind.at) == latest { kind.latest } else { 0 };
        let mut item = Mark::new("li", "");
        item.add(Mark::new("b", "end bad").says(format_smolstr!("✕ {}", Ending::of(kind.how).says(texts))));
        let (rate, all) = (Unit::Rate.says(now), (texts.traffic().in_all)(kind.total / 1000));
        item.add(Mark::new("span", "m").says(format_smolstr!("{rate} · {all}")));
        let why = kind.why(language);
        if !why.is_empty() {
            item.add(Mark::new("span", "why").says(why));
        }
        item.children.extend(kind.hop.as_ref().and_then(|hop| hop.look.as_ref()).map(look_at));
        list.add(item);
    }
    block.add(list);
    Some((format_smolstr!("fails {name}"), block))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;

    #[test]
    fn a_load_tells_how_and_where_it_fails() {
        let mut session = Session::new(1, &[]);
        for line in [
            "kubectl create deployment web --image=nginx:1.27",
            "kubectl expose deployment web --port=80 --target-port=8080",
            "load start svc/web --rps=50",
        ] {
            session.submit(line);
            session.advance(10_000);
        }
        for (lang, language, all) in
            [(Lang::En, Language::English, "in all"), (Lang::Ko, Language::Korean, "모두")]
        {
            let found = blocks(&session, lang.texts(), language);
            let [(_, block)] = &found[..] else { panic!("one load: {found:?}") };
            let says = block.all_text();
            for part in ["load web", lang.texts().traffic().refused, all, "targetPort"] {
                assert!(says.contains(part), "{part} in {says}");
            }
            let link = &block.children[1].children[0].children;
            let link = link.last().and_then(|mark| mark.attr("data-id"));
            assert_eq!(link, Some("services/default/web"));
        }
        session.submit("load stop --all");
        session.advance(2_000);
        assert_eq!(blocks(&session, Lang::En.texts(), Language::English), []);
    }
}
