//! Files that the page hands to the visitor.
//!
//! Does: turns texts and bytes into downloads without any request.
//! Does not know: what is in them.
//! Flow: export → **download**.

use leptos::prelude::document;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

/// Hands out a text.
pub(super) fn text_file(name: &str, kind: &str, text: &str) {
    hand_out(name, kind, &JsValue::from_str(text));
}

/// Hands out bytes.
pub(super) fn byte_file(name: &str, bytes: &[u8]) {
    hand_out(name, "application/octet-stream", &js_sys::Uint8Array::from(bytes).into());
}

fn hand_out(name: &str, kind: &str, content: &JsValue) {
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    let blob = Blob::new_with_u8_array_sequence_and_options(&js_sys::Array::of1(content), &options);
    let Ok(address) = blob.and_then(|blob| Url::create_object_url_with_blob(&blob)) else { return };
    if let Ok(element) = document().create_element("a") {
        let anchor: HtmlAnchorElement = element.unchecked_into();
        anchor.set_href(&address);
        anchor.set_download(name);
        anchor.click();
    }
    // The browser has taken the blob by now; an address that cannot be revoked ends with the page.
    let _ = Url::revoke_object_url(&address);
}
