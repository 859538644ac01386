//! Where the cut goes: which functions are the rest, and how the two parts reach each other.

use std::collections::{BTreeMap, BTreeSet};

use walrus::ir::Value;
use walrus::{ConstExpr, ElementItems, ElementKind, ExportItem, FunctionId, GlobalId, Module, TableId};

use crate::Outcome;
use crate::calls::{Uses, uses};
use crate::data::Segments;
use crate::names::stable;
use crate::profile::Profile;

/// What comes first, entered or not: what must work when nothing else does.
const ALWAYS_FIRST: &[&str] = &[
    "wheelhouse_web::panic_page",
    "wheelhouse_web::rest",
    "console_error_panic_hook",
    "wasm_bindgen",
    "talc",
    "std",
    "core::panicking",
    "alloc::alloc",
    "alloc::raw_vec",
];

/// Which of the two cuts is made. Their exports have names of their own, as both end up in the first part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// What a visit needs, apart from what is seldom used.
    Seldom,
    /// What a first visit enters, apart from the rest of what a visit needs.
    Rest,
}

impl Cut {
    /// The import that a stub calls while the other part is not there; the whole name has a hash after it.
    const fn need(self) -> &'static str {
        match self {
            Self::Seldom => "__wbg_wheelhouseSeldom_",
            Self::Rest => "__wbg_wheelhouseRest_",
        }
    }

    /// How the names of functions that are lent to the other part begin.
    const fn lent(self) -> char {
        match self {
            Self::Seldom => '!',
            Self::Rest => '~',
        }
    }

    /// The name of an export that is no function.
    pub fn export(self, name: &str) -> String {
        match self {
            Self::Seldom => format!("$seldom-{name}"),
            Self::Rest => format!("${name}"),
        }
    }
}

pub(crate) struct Plan {
    pub cut: Cut,
    /// Functions that move out, in the program's order.
    pub cold: BTreeSet<FunctionId>,
    /// Cold functions that the first part refers to, with their slots of the table. Each becomes a stub there.
    pub slots: BTreeMap<FunctionId, u32>,
    /// Slots of the table, taken before the cut, that hold cold functions: the rest replaces the stubs in them.
    pub taken: Vec<(u32, FunctionId)>,
    /// Functions of the first part that the rest calls, with the names they are exported under.
    pub lent: BTreeMap<FunctionId, String>,
    /// The same for globals.
    pub globals: BTreeMap<GlobalId, String>,
    /// The table of functions.
    pub table: TableId,
    /// All tables, with the names they are exported under.
    pub tables: Vec<(TableId, String)>,
    /// The first slot after those of the program.
    pub first_slot: u32,
    /// The import that fetches the other part.
    pub need: FunctionId,
    pub data: Segments,
    functions: usize,
}

impl Plan {
    pub fn of(module: &Module, profile: &Profile, cut: Cut) -> Outcome<Self> {
        let table = module.tables.main_function_table().map_err(|e| format!("{e:#}"))?.ok_or("no table")?;
        let first_slot = u32::try_from(module.tables.get(table).initial).map_err(|e| e.to_string())?;
        let all: BTreeMap<FunctionId, Uses> =
            module.funcs.iter_local().map(|(id, function)| (id, uses(function))).collect();
        // What an earlier cut lends is no reason to come first: a stub can be lent too.
        let (lent_before, exported): (Vec<_>, Vec<_>) = module
            .exports
            .iter()
            .filter_map(|export| match export.item {
                ExportItem::Function(id) => Some((export.name.starts_with(Cut::Seldom.lent()), id)),
                _ => None,
            })
            .chain(module.start.map(|id| (false, id)))
            .partition(|(lent, _)| *lent);
        let exported: BTreeSet<FunctionId> = exported.into_iter().map(|(_, id)| id).collect();
        let name = |id: &FunctionId| stable(module.funcs.get(*id).name.as_deref().unwrap_or_default());
        let comes_first = |id: &FunctionId| {
            let name = name(id);
            exported.contains(id) || profile.is_hot(&name, cut) || always_first(&name)
        };
        let mut cold: BTreeSet<FunctionId> = all.keys().copied().filter(|id| !comes_first(id)).collect();
        // What the profile has never met comes first where something that comes first may call it.
        let in_table = functions_of_tables(module)?;
        let mut open: Vec<FunctionId> = all.keys().copied().filter(|id| !cold.contains(id)).collect();
        open.extend(
            in_table.iter().map(|(_, id)| *id).filter(|id| cold.contains(id) && profile.is_new(&name(id))),
        );
        while let Some(id) = open.pop() {
            cold.remove(&id);
            let called = all.get(&id).map(|uses| uses.functions.as_slice()).unwrap_or_default();
            open.extend(called.iter().filter(|id| cold.contains(id) && profile.is_new(&name(id))));
        }
        let taken: Vec<_> = in_table.into_iter().filter(|(_, id)| cold.contains(id)).collect();
        // What is called from the first part needs a slot; one that it has in the table will do.
        let mut slots: BTreeMap<FunctionId, u32> = taken.iter().map(|(slot, id)| (*id, *slot)).collect();
        let mut next = first_slot;
        let mut slot = |slots: &mut BTreeMap<FunctionId, u32>, id: FunctionId| {
            slots.entry(id).or_insert_with(|| {
                next += 1;
                next - 1
            });
        };
        lent_before.iter().filter(|(_, id)| cold.contains(id)).for_each(|(_, id)| slot(&mut slots, *id));
        let mut lent = BTreeSet::new();
        let mut globals = BTreeSet::new();
        for (id, uses) in &all {
            if cold.contains(id) {
                globals.extend(uses.globals.iter().copied());
                lent.extend(uses.functions.iter().copied().filter(|callee| !cold.contains(callee)));
            } else {
                for callee in uses.functions.iter().filter(|callee| cold.contains(callee)) {
                    slot(&mut slots, *callee);
                }
            }
        }
        let need = module
            .imports
            .iter()
            .find(|import| import.name.starts_with(cut.need()))
            .and_then(|import| match import.kind {
                walrus::ImportKind::Function(id) => Some(id),
                _ => None,
            })
            .ok_or_else(|| format!("the program does not import {}*", cut.need()))?;

        let mut data = Segments::of(module)?;
        let stays = module.funcs.iter_local().filter(|(id, _)| !cold.contains(id));
        data.reach(module, stays.map(|(_, function)| function));
        Ok(Self {
            cut,
            data,
            lent: lent.into_iter().enumerate().map(|(at, id)| (id, short(cut.lent(), at))).collect(),
            globals: globals
                .into_iter()
                .enumerate()
                .map(|(at, id)| (id, cut.export(&at.to_string())))
                .collect(),
            functions: all.len(),
            cold,
            slots,
            taken,
            table,
            tables: module
                .tables
                .iter()
                .enumerate()
                .map(|(at, table)| (table.id(), cut.export(&format!("table{at}"))))
                .collect(),
            first_slot,
            need,
        })
    }

    /// Slots of the table after the cut.
    pub fn table_size(&self) -> u64 {
        let last = self.slots.values().copied().max().map_or(0, |slot| slot + 1);
        u64::from(last.max(self.first_slot))
    }

    pub fn summary(&self) -> String {
        let (bytes, reached) = self.data.bytes();
        format!(
            "    {:?}: {} of {} functions stay, and {reached} of {bytes} bytes of constants; {} stubs lead out, {} \
             functions lead back",
            self.cut,
            self.functions - self.cold.len(),
            self.functions,
            self.slots.len(),
            self.lent.len()
        )
    }
}

/// The functions in the tables, with their slots.
fn functions_of_tables(module: &Module) -> Outcome<Vec<(u32, FunctionId)>> {
    let mut found = Vec::new();
    for element in module.elements.iter() {
        let ElementKind::Active { offset: ConstExpr::Value(Value::I32(start)), .. } = &element.kind else {
            continue;
        };
        let ElementItems::Functions(functions) = &element.items else {
            return Err("the table holds more than functions".into());
        };
        found.extend((start.cast_unsigned()..).zip(functions.iter().copied()));
    }
    Ok(found)
}

/// Whether a function comes first by its name alone. Those without one are wasm-bindgen's, and run first of all.
fn always_first(name: &str) -> bool {
    if name.is_empty() || name.contains("externref shim") {
        return true;
    }
    let path = name.trim_start_matches(['<', '&', '(', '[', '*']);
    ALWAYS_FIRST.iter().any(|first| {
        path.strip_prefix(first)
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    })
}

/// Names of one, two, three characters: an export costs little more than its name.
fn short(first: char, mut at: usize) -> String {
    const LETTERS: &[u8; 64] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
    let mut name = String::from(first);
    loop {
        name.push(char::from(LETTERS[at % 64]));
        at /= 64;
        if at == 0 {
            return name;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_are_known_by_their_whole_name() {
        for (name, first) in [
            ("std::io::x", true),
            ("<wasm_bindgen::JsValue as core::fmt::Debug>::fmt", true),
            ("wasm_bindgen_futures::x", false),
            ("", true),
            ("stdout::x", false),
            ("apiserver::create", false),
            ("core::panicking::panic", true),
            ("core::ptr::drop_in_place::<kubectl::A>", false),
        ] {
            assert_eq!(always_first(name), first, "{name}");
        }
    }

    #[test]
    fn short_names_differ() {
        let names: BTreeSet<String> = (0..5000).map(|at| short('~', at)).collect();
        assert_eq!(names.len(), 5000);
        assert!(names.iter().all(|name| name.len() <= 4));
    }
}
