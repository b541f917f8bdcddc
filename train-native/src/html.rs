//! Self-contained HTML pages.
//!
//! Does: the head and the styles of a page that opens anywhere without a network; text made safe inside it.
//! Does not know: what the pages say.
//! Flow: `report`, `judge::report` → **page**.

/// Text that is safe inside an element or a quoted attribute.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A whole page; `body` is HTML.
pub fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{}</title>\n<style>{STYLE}</style>\n\
         <main>\n{body}</main>\n</html>\n",
        escape(title)
    )
}

/// Figures are drawn on white, so the page is light.
const STYLE: &str = "\
:root{color-scheme:light}\
body{font:16px/1.5 system-ui,sans-serif;margin:0;padding:0 1rem;color:#1f2933;background:#fff}\
main{max-width:60rem;margin:2rem auto}\
h1{line-height:1.2}h2{margin-top:2.5rem}\
svg{max-width:100%;height:auto;display:block}\
figure{margin:1rem 0}figcaption{color:#52606d;font-size:.9rem;max-width:46rem}\
.wide{overflow-x:auto}.wide svg{min-width:44rem}\
td small{white-space:nowrap}\
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:1rem}\
.scroll{overflow-x:auto}\
table{border-collapse:collapse;font-variant-numeric:tabular-nums}\
th,td{text-align:left;padding:.25rem 1rem .25rem 0;border-bottom:1px solid #e4e7eb;vertical-align:top}\
th{font-weight:500}td.own{font-weight:600}\
pre{background:#f4f6f8;padding:1rem;overflow:auto}\
.lead{font-size:1.1rem;max-width:46rem}";
