//! The list of events, of all objects or of one.

use clock::{Time, duration_short};
use objects::Value;
use smol_str::{SmolStr, format_smolstr};

use crate::i18n::Texts;
use crate::mark::Mark;
use crate::stage::facts::object_id;

#[cfg(target_arch = "wasm32")]
pub mod view;

/// One event as a row; the object is named unless it is the one in view.
#[must_use]
pub fn row(event: &Value, texts: &Texts, now: i64, named: bool) -> (SmolStr, Mark) {
    let first = |keys: [&str; 3]| keys.into_iter().find_map(|key| event.get(key).time());
    let at = first(["lastTimestamp", "eventTime", "firstTimestamp"]).unwrap_or(Time(now));
    let warning = event.get("type") == "Warning";
    let mut mark = Mark::new("li", if warning { "warn" } else { "" });
    let mut head = Mark::new("p", "who");
    head.add(Mark::new("b", "").says(event.get("reason").text()));
    let about = event.get("involvedObject");
    if named {
        let name = format_smolstr!("{}/{}", about.get("kind").text(), about.get("name").text());
        head.add(Mark::new("code", "").says(name));
    }
    let count = event.get("count").int();
    let age = duration_short(Time(now).since(at));
    let when =
        if count > 1 { format_smolstr!("{age} · {}", (texts.objects().times)(count)) } else { age.into() };
    head.add(Mark::new("span", "when").says(when));
    let id = object_id("events", event.namespace(), event.name());
    let mut asks = Mark::new("button", "link asks").at("data-why", id).says("?");
    asks.attrs
        .push(("aria-label", format_smolstr!("{} {}", texts.inspector().why, event.get("reason").text())));
    head.add(asks);
    mark.add(head);
    mark.add(Mark::new("p", "what").at("lang", "en").says(event.get("message").text()));
    (event.key(), mark)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;

    #[test]
    fn a_row_says_what_happened_to_whom() {
        let mut event = Value::map();
        event.set("reason", "Pulled");
        event.set("message", "Container image present");
        event.set("count", 3);
        event.set("lastTimestamp", "1970-01-01T00:00:02Z");
        event.set_at(&["involvedObject", "kind"], "Pod");
        event.set_at(&["involvedObject", "name"], "web-0");
        let (_, mark) = row(&event, Lang::En.texts(), 5000, true);
        assert_eq!(mark.all_text(), "Pulled Pod/web-0 3s · 3 times ? Container image present");
    }
}
