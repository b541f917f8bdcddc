//! The page's Content-Security-Policy, read from the page itself.
//!
//! Does: finds the policy in `index.html`, so that it stands in one place.
//! Does not know: what the policy allows.
//! Flow: index.html → **policy** → server's headers, service worker.

/// The policy of a page; `None` when it has none.
pub fn policy_of(html: &str) -> Option<String> {
    let rest = html.split_once("http-equiv=\"Content-Security-Policy\"")?.1;
    let content = rest.split_once("content=\"")?.1.split_once('"')?.0;
    Some(content.to_owned())
}

#[cfg(test)]
mod tests {
    use super::policy_of;

    #[test]
    fn the_policy_is_found() {
        let html = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'\" />";
        assert_eq!(policy_of(html).as_deref(), Some("default-src 'none'"));
        assert_eq!(policy_of("<html></html>"), None);
    }
}
