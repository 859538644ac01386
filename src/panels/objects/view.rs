//! The pane of objects.

use leptos::prelude::*;
use smol_str::SmolStr;

use super::{kinds, plural, table};
use crate::app::{App, Panel, ic, seldom, word};
use crate::session::place;
use crate::stage::view::data_at;

#[component]
pub fn Objects(app: App) -> impl IntoView {
    let resource = RwSignal::new("pods".to_owned());
    let namespace = RwSignal::new("default".to_owned());
    let shown = move || app.dock.get() == Panel::Objects;
    let moved = seldom(app.objects);
    let choices = Memo::new(move |_| {
        if !shown() {
            return Vec::new();
        }
        moved.track();
        app.ask(kinds)
    });
    let namespaces = Memo::new(move |_| {
        if !shown() {
            return Vec::new();
        }
        moved.track();
        app.ask(|s| s.cluster().objects("namespaces").map(|n| n.name().to_owned()).collect::<Vec<_>>())
    });
    let rows = Memo::new(move |_| {
        if !shown() {
            return super::Table::default();
        }
        moved.track();
        app.past.track();
        let (resource, namespace) = (resource.get(), namespace.get());
        table(&resource, &app.borrow(|s| s.table(&resource, &namespace)))
    });
    let line = move || {
        let namespace = namespace.get();
        let place = if namespace.is_empty() { " -A".into() } else { place(&namespace) };
        format!("kubectl get {}{place}", plural(&resource.get()))
    };
    view! {
        <div class="objects" role="region" aria-label=word(app, |t| t.objects().objects)>
            <div class="files">
                <select aria-label=word(app, |t| t.objects().kind_of) on:change=move |e| resource.set(event_target_value(&e))>
                    {move || choices.get().into_iter().map(|(id, n)| {
                        let selected = resource.get_untracked() == id;
                        view! { <option value=id.to_string() selected=selected>{format!("{} {n}", plural(&id))}</option> }
                    }).collect_view()}
                </select>
                <select aria-label=word(app, |t| t.inspector().namespace) on:change=move |e| namespace.set(event_target_value(&e))>
                    <option value="">{word(app, |t| t.objects().all_namespaces)}</option>
                    {move || namespaces.get().into_iter().map(|name| {
                        let selected = namespace.get_untracked() == name;
                        view! { <option value=name.clone() selected=selected>{name.clone()}</option> }
                    }).collect_view()}
                </select>
                <button class="runs" on:click=move |_| app.run(&line())>
                    {ic("#i-play")}
                    <code lang="en">{line}</code>
                </button>
            </div>
            <div class="tbl" tabindex="0" role="group" aria-label=word(app, |t| t.objects().objects)
                on:click=move |event| {
                    if let Some(id) = data_at(event.target(), "data-id") {
                        app.open(SmolStr::from(id));
                    }
                }
            >
                <table class="m" lang="en">
                    <thead><tr>
                        {move || rows.get().columns.into_iter().map(|c| view! { <th scope="col">{c.to_string()}</th> }).collect_view()}
                    </tr></thead>
                    <tbody>
                        {move || {
                            let table = rows.get();
                            let name = table.columns.iter().position(|c| c == "NAME").unwrap_or(0);
                            table.rows.into_iter().map(|(id, cells)| {
                                let cells = cells.into_iter().enumerate().map(|(i, cell)| {
                                    let class = crate::console::status_class(&cell);
                                    if i == name {
                                        view! { <th scope="row"><button class="link" data-id=id.to_string()>{cell.to_string()}</button></th> }.into_any()
                                    } else {
                                        view! { <td class=class>{cell.to_string()}</td> }.into_any()
                                    }
                                }).collect_view();
                                view! { <tr>{cells}</tr> }
                            }).collect_view()
                        }}
                    </tbody>
                </table>
                <Show when=move || rows.get().rows.is_empty()>
                    <p class="empty">{word(app, |t| t.objects().no_objects)}</p>
                </Show>
                <Show when=move || { rows.get().more > 0 }>
                    <p class="remark">{move || format!("+{}", rows.get().more)}</p>
                </Show>
            </div>
        </div>
    }
}
