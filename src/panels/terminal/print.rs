//! Lines become elements: of all that was printed, and of the table of a watch as it stands.

use leptos::prelude::document;
use wasm_bindgen::JsCast;
use web_sys::{Document, Element};

use crate::app::App;
use crate::console::{Kind, Line, parts};

/// What is on the page: the number of the terminal, of its first line there and of the one after its last.
pub type Shown = (usize, usize, usize);

/// Brings the lines on the page up to date. The last line is printed anew: it may have grown.
pub fn print(app: App, root: &Element, shown: Shown) -> Shown {
    let document = document();
    let texts = app.texts_now();
    app.ask(|session| {
        let tab = session.tab();
        let console = &tab.console;
        // What a program asks with stands at the prompt.
        let asks = console.tail().is_some() && session.is_running();
        let (first, end) = (console.first(), console.end() - usize::from(asks));
        let (number, shown_first, shown_end) = shown;
        let same = number == tab.number && first < shown_end && shown_end <= end + 1;
        let from = if same {
            for _ in shown_first..first {
                if let Some(child) = root.first_element_child() {
                    child.remove();
                }
            }
            if let Some(child) = root.last_element_child() {
                child.remove();
            }
            let kept = shown_end - 1;
            if kept > end { end } else { kept.max(first) }
        } else {
            root.set_text_content(None);
            first
        };
        let watched = console.live().map_or(usize::MAX, |live| live.from);
        for number in from..end {
            let Some(line) = console.line(number) else { continue };
            let Some(row) = element(&document, "div", "") else { continue };
            match &line.kind {
                Kind::Command => sign(&document, &row, "$ "),
                Kind::Continued => sign(&document, &row, "> "),
                Kind::Fault(file, at) => {
                    row.set_class_name("remark");
                    let says = (texts.terminal().fault_in)(file, *at);
                    if let Some(button) = element(&document, "button", "link") {
                        drop(button.set_attribute("data-file", file));
                        drop(button.set_attribute("data-line", &at.to_string()));
                        button.set_text_content(Some(&says));
                        drop(row.append_child(&button));
                    }
                }
                Kind::Out if number >= watched && line.is_watched() => row.set_class_name("w"),
                Kind::Out | Kind::Err => {}
            }
            fill(&document, &row, line);
            drop(root.append_child(&row));
        }
        (tab.number, first, end.max(first))
    })
}

/// The table of the watch that runs: a row of each object, which changes where it stands.
pub fn print_live(app: App, root: &Element, live: &Element, in_place: bool) {
    let document = document();
    app.ask(|session| {
        let console = &session.tab().console;
        let Some(table) = console.live().filter(|_| in_place) else {
            live.set_text_content(None);
            root.set_class_name("lines");
            if console.live().is_none() {
                while let Ok(Some(row)) = root.query_selector(".w") {
                    row.set_class_name("");
                }
            }
            return;
        };
        root.set_class_name("lines inplace");
        let mut at = live.first_element_child();
        for line in table.header.iter().chain(table.rows()) {
            let here = at.take();
            at = here.as_ref().and_then(Element::next_element_sibling);
            let gone = line.named().is_some_and(|(_, named)| session.named(&named).is_none());
            let class = if gone { "gone" } else { "" };
            let row = match here {
                Some(row) => {
                    if row.text_content().as_deref() != Some(line.text.as_str()) {
                        row.set_text_content(None);
                        fill(&document, &row, line);
                    }
                    row
                }
                None => {
                    let Some(row) = element(&document, "div", "") else { continue };
                    fill(&document, &row, line);
                    drop(live.append_child(&row));
                    row
                }
            };
            if row.class_name() != class {
                row.set_class_name(class);
            }
        }
        while let Some(extra) = at {
            at = extra.next_element_sibling();
            extra.remove();
        }
    });
}

fn fill(document: &Document, row: &Element, line: &Line) {
    for (class, text, named) in parts(line) {
        let name = named.is_some();
        if class.is_empty() && !name {
            drop(row.append_child(&document.create_text_node(text)));
            continue;
        }
        let Some(span) = element(document, "span", if name { "name" } else { class }) else { continue };
        span.set_text_content(Some(text));
        if let Some(named) = named {
            // No stop of the Tab key for each of a hundred rows: Alt+Up goes to them.
            let attributes = [
                ("role", "link"),
                ("tabindex", "-1"),
                ("data-resource", named.resource.as_str()),
                ("data-namespace", named.namespace.as_str()),
                ("data-name", named.name.as_str()),
            ];
            for (key, value) in attributes {
                drop(span.set_attribute(key, value));
            }
        }
        drop(row.append_child(&span));
    }
}

fn element(document: &Document, tag: &str, class: &str) -> Option<Element> {
    let element = document.create_element(tag).ok()?;
    if !class.is_empty() {
        element.set_class_name(class);
    }
    element.dyn_into().ok()
}

fn sign(document: &Document, row: &Element, text: &str) {
    row.set_class_name("cmd");
    if let Some(span) = element(document, "span", "ta") {
        span.set_text_content(Some(text));
        drop(row.append_child(&span));
    }
}
