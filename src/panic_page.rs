//! When the engine breaks: a page that says what is safe, and lets the reader copy what others need to repeat it.
//!
//! Owns: the panic hook and its page. It touches only the DOM: the rest of the program may be in any state.

use std::cell::RefCell;
use std::panic::PanicHookInfo;

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Document, Element};

use crate::i18n::Lang;
use crate::session::Session;

thread_local! {
    /// Seed and commands so far, and how many commands that is.
    static RECORD: RefCell<(String, usize)> = const { RefCell::new((String::new(), 0)) };
}

/// Keeps the session's log where the hook finds it.
pub(crate) fn remember(session: &Session) {
    RECORD.with_borrow_mut(|(text, count)| {
        if text.is_empty() || *count != session.commands.len() {
            *text = session.log();
            *count = session.commands.len();
        }
    });
}

pub(crate) fn install() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        // Where even the page can't be shown, the console has the message.
        show(info);
    }));
}

fn show(info: &PanicHookInfo<'_>) -> Option<()> {
    let document = web_sys::window()?.document()?;
    let lang = Lang::of_tag(&document.document_element()?.get_attribute("lang").unwrap_or_default());
    let texts = lang.texts();
    let record = RECORD.with(|r| r.try_borrow().map(|r| r.0.clone()).unwrap_or_default());
    let record = format!("{record}\n{info}\n");
    let body = document.body()?;
    body.set_text_content(None);
    let main = add(&document, &body, "main", "stopped", "")?;
    add(&document, &main, "h1", "", texts.page().stopped)?;
    add(&document, &main, "p", "", texts.page().stopped_text)?;
    let row = add(&document, &main, "p", "row", "")?;
    let reload = add(&document, &row, "button", "btn pri", texts.page().reload)?;
    on_click(&reload, || {
        if let Some(window) = web_sys::window() {
            drop(window.location().reload());
        }
    });
    let copy = add(&document, &row, "button", "btn", texts.page().copy_record)?;
    let text = record.clone();
    on_click(&copy, move || {
        if let Some(window) = web_sys::window() {
            drop(window.navigator().clipboard().write_text(&text));
        }
    });
    let log = add(&document, &main, "pre", "", &record)?;
    drop(log.set_attribute("tabindex", "0"));
    drop(log.set_attribute("aria-label", texts.page().record));
    Some(())
}

fn add(document: &Document, parent: &Element, tag: &str, class: &str, text: &str) -> Option<Element> {
    let element = document.create_element(tag).ok()?;
    element.set_class_name(class);
    element.set_text_content(Some(text));
    parent.append_child(&element).ok()?;
    Some(element)
}

fn on_click(element: &Element, deed: impl FnMut() + 'static) {
    let closure = Closure::<dyn FnMut()>::new(deed);
    drop(element.add_event_listener_with_callback("click", closure.as_ref().unchecked_ref()));
    // The page lives until it is reloaded.
    closure.forget();
}
