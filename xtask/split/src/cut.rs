//! Carries out the plan: the same program parsed twice becomes the part that stays and the part that moves out.

use walrus::ir::Value;
use walrus::{
    ConstExpr, ElementItems, ElementKind, ExportItem, FunctionBuilder, FunctionKind, GlobalKind,
    ImportedFunction, Module, ValType, passes,
};

use crate::Outcome;
use crate::plan::{Cut, Plan};

/// The module that what moved out imports from, as the start script provides it.
const FIRST: &str = "first";
/// Exports of the part that stays which are no functions.
const MEMORY: &str = "memory";
/// A global, 1 once the other part is in place. The start script sets it.
const READY: &str = "ready";

/// Turns the program into the part that stays: stubs where cold functions were.
pub(crate) fn stay(module: &mut Module, plan: &Plan) -> Outcome {
    let ready = module.globals.add_local(ValType::I32, true, false, ConstExpr::Value(Value::I32(0)));
    let mut ensure = FunctionBuilder::new(&mut module.types, &[], &[]);
    ensure.func_body().global_get(ready).unop(walrus::ir::UnaryOp::I32Eqz).if_else(
        None,
        |absent| {
            absent.call(plan.need);
        },
        |_| {},
    );
    let ensure = ensure.finish(Vec::new(), &mut module.funcs);

    for (id, slot) in &plan.slots {
        let ty = module.funcs.get(*id).ty();
        let (params, results) = module.types.params_results(ty);
        let (params, results) = (params.to_vec(), results.to_vec());
        let args: Vec<_> = params.iter().map(|ty| module.locals.add(*ty)).collect();
        let mut stub = FunctionBuilder::new(&mut module.types, &params, &results);
        let mut body = stub.func_body();
        body.call(ensure);
        for arg in &args {
            body.local_get(*arg);
        }
        body.i32_const(slot.cast_signed()).call_indirect(ty, plan.table);
        module.funcs.get_mut(*id).kind = FunctionKind::Local(stub.local_func(args));
    }

    // The first cut leaves the constants apart, for the second to choose from.
    plan.data.keep(module, true, plan.cut == Cut::Rest);
    for (id, name) in &plan.lent {
        module.exports.add(name, *id);
    }
    for (id, name) in &plan.globals {
        module.exports.add(name, *id);
    }
    let memory = module.get_memory_id().map_err(|e| format!("{e:#}"))?;
    module.exports.add(&plan.cut.export(MEMORY), memory);
    for (id, name) in &plan.tables {
        module.exports.add(name, *id);
    }
    module.exports.add(&plan.cut.export(READY), ready);
    let table = module.tables.get_mut(plan.table);
    table.initial = plan.table_size();
    table.maximum = table.maximum.map(|most| most.max(plan.table_size()));
    passes::gc::run(module);
    Ok(())
}

/// Turns the program into the part that moves out: cold functions, and imports for everything else.
pub(crate) fn leave(module: &mut Module, plan: &Plan) -> Outcome {
    module.start = None;
    for id in module.exports.iter().map(|export| export.id()).collect::<Vec<_>>() {
        module.exports.delete(id);
    }
    plan.data.keep(module, false, true);
    for id in module.elements.iter().map(|element| element.id()).collect::<Vec<_>>() {
        module.elements.delete(id);
    }

    let memory = module.get_memory_id().map_err(|e| format!("{e:#}"))?;
    let import = module.imports.add(FIRST, &plan.cut.export(MEMORY), memory);
    module.memories.get_mut(memory).import = Some(import);
    for (id, name) in &plan.tables {
        let import = module.imports.add(FIRST, name, *id);
        let table = module.tables.get_mut(*id);
        table.import = Some(import);
        table.elem_segments.clear();
    }
    let table = module.tables.get_mut(plan.table);
    table.initial = plan.table_size();
    // Another cut may have made the table larger.
    table.maximum = None;
    for (id, name) in &plan.globals {
        let import = module.imports.add(FIRST, name, *id);
        module.globals.get_mut(*id).kind = GlobalKind::Import(import);
    }
    for (id, name) in &plan.lent {
        let ty = module.funcs.get(*id).ty();
        // An import of the program is lent like any function of its own.
        if let Some(import) = module.imports.get_imported_func(*id).map(|import| import.id()) {
            module.imports.delete(import);
        }
        let import = module.imports.add(FIRST, name, *id);
        module.funcs.get_mut(*id).kind = FunctionKind::Import(ImportedFunction { import, ty });
    }

    let mut placed: Vec<(u32, walrus::FunctionId)> = plan.taken.clone();
    placed.extend(
        plan.slots.iter().filter(|(_, slot)| **slot >= plan.first_slot).map(|(id, slot)| (*slot, *id)),
    );
    placed.sort_unstable();
    let mut runs: Vec<(u32, Vec<walrus::FunctionId>)> = Vec::new();
    for (slot, id) in placed {
        match runs.last_mut() {
            Some((start, run)) if *start as usize + run.len() == slot as usize => run.push(id),
            _ => runs.push((slot, vec![id])),
        }
    }
    for (start, run) in runs {
        let offset = ConstExpr::Value(Value::I32(start.cast_signed()));
        let kind = ElementKind::Active { table: plan.table, offset };
        let element = module.elements.add(kind, ElementItems::Functions(run));
        module.tables.get_mut(plan.table).elem_segments.insert(element);
    }
    passes::gc::run(module);
    debug_assert!(module.exports.iter().all(|export| !matches!(export.item, ExportItem::Function(_))));
    Ok(())
}
