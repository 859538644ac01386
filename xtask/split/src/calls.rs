//! What a function refers to.

use walrus::ir::{Call, GlobalGet, GlobalSet, RefFunc, Visitor, dfs_in_order};
use walrus::{FunctionId, GlobalId, LocalFunction};

#[derive(Default)]
pub(crate) struct Uses {
    pub functions: Vec<FunctionId>,
    pub globals: Vec<GlobalId>,
}

impl<'i> Visitor<'i> for Uses {
    fn visit_call(&mut self, instr: &Call) {
        self.functions.push(instr.func);
    }

    fn visit_ref_func(&mut self, instr: &RefFunc) {
        self.functions.push(instr.func);
    }

    fn visit_global_get(&mut self, instr: &GlobalGet) {
        self.globals.push(instr.global);
    }

    fn visit_global_set(&mut self, instr: &GlobalSet) {
        self.globals.push(instr.global);
    }
}

pub(crate) fn uses(function: &LocalFunction) -> Uses {
    let mut uses = Uses::default();
    dfs_in_order(&mut uses, function, function.entry_block());
    uses
}
