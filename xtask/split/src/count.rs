//! A program that tells which of its functions were entered: each sets a global of its own, exported as `entered N`.

use walrus::ir::{Const, GlobalSet, Instr, Value};
use walrus::{ConstExpr, FunctionId, Module, ValType};

use crate::names::stable;

/// Marks every function; the names are in the order of the marks.
pub(crate) fn every_function(module: &mut Module) -> Vec<String> {
    let ids: Vec<FunctionId> = module.funcs.iter_local().map(|(id, _)| id).collect();
    let mut names = Vec::with_capacity(ids.len());
    for id in ids {
        let mark = module.globals.add_local(ValType::I32, true, false, ConstExpr::Value(Value::I32(0)));
        module.exports.add(&format!("entered {}", names.len()), mark);
        names.push(stable(module.funcs.get(id).name.as_deref().unwrap_or_default()));
        let function = module.funcs.get_mut(id).kind.unwrap_local_mut();
        let entry = function.entry_block();
        let body = &mut function.block_mut(entry).instrs;
        let set: [Instr; 2] = [Const { value: Value::I32(1) }.into(), GlobalSet { global: mark }.into()];
        body.splice(0..0, set.map(|instr| (instr, Default::default())));
    }
    names
}
