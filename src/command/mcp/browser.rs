//! Opens a page in the browser: only what a browser is for, and never through a shell.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::http::is_loopback_host;
use crate::platform::PAGE_OPENER;

/// A browser that cannot be started says so at once; one that runs is not waited for.
const START_WAIT: Duration = Duration::from_secs(2);

/// A page that may be opened.
#[derive(Debug)]
pub struct Visit {
    url: url::Url,
}

impl Visit {
    /// https only, http for this machine.
    pub fn to(page: &str) -> Result<Self, String> {
        let url = url::Url::parse(page).map_err(|error| format!("the page to visit has no usable address: {error}"))?;
        match (url.scheme(), url.host_str()) {
            ("https", Some(_)) => Ok(Self { url }),
            ("http", Some(host)) if is_loopback_host(host) => Ok(Self { url }),
            (scheme, _) => Err(format!("the page to visit is not https ({scheme}), so it is not opened")),
        }
    }

    #[must_use]
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// What to look at twice before typing a password there.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let host = self.host();
        let is_disguised = host.split('.').any(|label| label.starts_with("xn--"));
        is_disguised.then(|| format!("{host} stands for letters that can look like other ones; make sure it is right"))
    }
}

/// Whether a browser took the page.
pub async fn open(visit: &Visit) -> bool {
    let mut command = Command::new(PAGE_OPENER[0]);
    command.args(&PAGE_OPENER[1..]);
    // A URL never begins with `-`, and holds no blanks or quotes: the parser has seen to that.
    command.arg(visit.url.as_str()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return false };
    match tokio::time::timeout(START_WAIT, child.wait()).await {
        Ok(Ok(status)) => status.success(),
        Ok(Err(_)) => false,
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::Visit;

    #[test]
    fn only_pages_are_opened() {
        for good in ["https://login.example.com/a?b=c", "http://localhost:8080/", "http://127.0.0.1/x"] {
            assert!(Visit::to(good).is_ok_and(|visit| visit.warning().is_none()), "{good}");
        }
        for bad in [
            "http://example.com/",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "data:text/html,x",
            "vbscript:x",
            "-x",
            "",
        ] {
            assert!(Visit::to(bad).is_err(), "{bad}");
        }
        assert!(Visit::to("https://раураl.com/").unwrap().warning().unwrap().contains("xn--"));
    }
}
