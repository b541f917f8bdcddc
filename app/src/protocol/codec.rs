//! Messages as JavaScript values.
//!
//! Does: a message is `[head, array, …]`; the head goes through serde-wasm-bindgen, the arrays are
//! typed arrays whose buffers are moved to the other side.
//! Does not know: which side it is on.
//! Flow: typed message → **value and transfer list** → typed message.

use js_sys::{Float32Array, Float64Array, Uint8Array, Uint16Array};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue};

use super::Array;

/// A message and the buffers to move.
pub struct Encoded {
    /// The message.
    pub value: JsValue,
    /// Its buffers.
    pub transfer: js_sys::Array,
}

/// Encodes a message.
///
/// # Errors
/// When the head cannot be represented.
pub fn encode<T: Serialize>(head: &T, arrays: &[Array]) -> Result<Encoded, String> {
    let head = serde_wasm_bindgen::to_value(head).map_err(|error| error.to_string())?;
    let message = js_sys::Array::of1(&head);
    let transfer = js_sys::Array::new();
    for array in arrays {
        let (value, buffer): (JsValue, JsValue) = match array {
            Array::F32(values) => moved(Float32Array::from(values.as_slice()), Float32Array::buffer),
            Array::F64(values) => moved(Float64Array::from(values.as_slice()), Float64Array::buffer),
            Array::U8(values) => moved(Uint8Array::from(values.as_slice()), Uint8Array::buffer),
            Array::U16(values) => moved(Uint16Array::from(values.as_slice()), Uint16Array::buffer),
            Array::File(file) => {
                // Files are handed over as they are; there is no buffer to move.
                message.push(file);
                continue;
            }
        };
        message.push(&value);
        transfer.push(&buffer);
    }
    Ok(Encoded { value: message.into(), transfer })
}

/// A typed array and its buffer.
fn moved<A: JsCast + Into<JsValue>>(array: A, buffer: impl Fn(&A) -> js_sys::ArrayBuffer) -> (JsValue, JsValue) {
    let buffer = buffer(&array);
    (array.into(), buffer.into())
}

/// Decodes a message.
///
/// # Errors
/// When the value is not a message of this kind.
pub fn decode<T: DeserializeOwned>(value: &JsValue) -> Result<(T, Vec<Array>), String> {
    let message: &js_sys::Array = value.dyn_ref().ok_or("a message is not a list")?;
    let head = serde_wasm_bindgen::from_value(message.get(0)).map_err(|error| error.to_string())?;
    let arrays = message
        .iter()
        .skip(1)
        .map(|value| {
            if let Some(array) = value.dyn_ref::<Float32Array>() {
                Ok(Array::F32(array.to_vec()))
            } else if let Some(array) = value.dyn_ref::<Float64Array>() {
                Ok(Array::F64(array.to_vec()))
            } else if let Some(array) = value.dyn_ref::<Uint8Array>() {
                Ok(Array::U8(array.to_vec()))
            } else if let Some(array) = value.dyn_ref::<Uint16Array>() {
                Ok(Array::U16(array.to_vec()))
            } else if let Some(file) = value.dyn_ref::<web_sys::File>() {
                Ok(Array::File(file.clone()))
            } else {
                Err("a message holds an array of an unknown kind".to_owned())
            }
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok((head, arrays))
}
