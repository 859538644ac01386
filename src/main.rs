//! The web app's way in. Natively there is no page: only the library's tests run.

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

fn main() {
    #[cfg(target_arch = "wasm32")]
    {
        // Growing memory bit by bit costs more than all the rest of a long run. Never touched, it takes up nothing.
        drop(std::hint::black_box(Vec::<u8>::with_capacity(64 << 20)));
        wheelhouse_web::app::start();
    }
}
