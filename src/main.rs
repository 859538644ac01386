//! The web app's way in. Natively there is no page: only the library's tests run.

fn main() {
    #[cfg(target_arch = "wasm32")]
    wheelhouse_web::app::start();
}
