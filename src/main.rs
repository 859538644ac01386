//! The web app: mounts the page. Owns nothing yet but the first screen; no cluster logic belongs in a view.

use leptos::prelude::*;

/// The two languages of the page, equals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lang {
    En,
    Ko,
}

impl Lang {
    /// From a BCP 47 tag such as `ko-KR`; whatever is not Korean reads English.
    fn of_tag(tag: &str) -> Lang {
        let primary = tag.split('-').next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("ko") { Lang::Ko } else { Lang::En }
    }

    fn tag(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Ko => "ko",
        }
    }
}

#[component]
fn Page(
    /// The reader's language.
    lang: Lang,
) -> impl IntoView {
    let (title, lead) = match lang {
        Lang::En => ("Wheelhouse", "A Kubernetes cluster that runs in this page."),
        Lang::Ko => ("조타실", "이 페이지 안에서 돌아가는 쿠버네티스 클러스터입니다."),
    };
    view! {
        <main>
            <h1>{title}</h1>
            <p>{lead}</p>
        </main>
    }
}

fn main() {
    console_error_panic_hook::set_once();
    let lang = Lang::of_tag(&window().navigator().language().unwrap_or_default());
    if let Some(root) = document().document_element() {
        // A page that cannot name its language is still a page.
        drop(root.set_attribute("lang", lang.tag()));
    }
    leptos::mount::mount_to_body(move || view! { <Page lang /> });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_tag_picks_one_of_two_languages() {
        for (tag, lang) in [
            ("ko", Lang::Ko),
            ("ko-KR", Lang::Ko),
            ("KO-kr", Lang::Ko),
            ("en-GB", Lang::En),
            ("kok", Lang::En),
            ("", Lang::En),
        ] {
            assert_eq!(Lang::of_tag(tag), lang, "{tag:?}");
        }
    }
}
