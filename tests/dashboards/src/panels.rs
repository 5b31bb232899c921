//! The table of panels in `dashboards/README.md`, made from the dashboards.

use std::fmt::Write;

use crate::model::{Dashboard, PROMETHEUS};

/// Line before the table.
pub const BEGIN: &str = "<!-- panels: made from the dashboards, kept true by a test -->";
/// Line after the table.
pub const END: &str = "<!-- end of panels -->";

/// Variables and panels of every dashboard, as Markdown.
#[must_use]
pub fn markdown(dashboards: &[(String, Dashboard)]) -> String {
    let mut text = String::new();
    for (file, dashboard) in dashboards {
        let _ = write!(text, "\n### {}\n\n", file);
        let _ = writeln!(text, "{}\n", dashboard.description);
        for variable in dashboard
            .templating
            .list
            .iter()
            .filter(|v| v.kind != "datasource")
        {
            let how = match variable.kind.as_str() {
                _ if variable.multi => "several or all",
                "textbox" => "text",
                _ => "one",
            };
            let _ = writeln!(
                text,
                "- `{}` ({how}): {}",
                variable.name, variable.description
            );
        }
        text.push_str("\n| panel | from | what it says and what to do |\n|---|---|---|\n");
        for panel in dashboard.asking() {
            let prometheus = panel
                .datasource
                .as_ref()
                .is_some_and(|d| d.kind == PROMETHEUS);
            let from = if prometheus {
                "Prometheus"
            } else {
                "ClickHouse"
            };
            let description = panel.description.replace('|', "\\|");
            let _ = writeln!(text, "| {} | {from} | {description} |", panel.title);
        }
    }
    text.push('\n');
    text
}

/// The README with the table as it must be.
///
/// # Errors
/// The marks around it are missing: which one.
pub fn renewed(readme: &str, dashboards: &[(String, Dashboard)]) -> Result<String, String> {
    let missing = |mark: &str| format!("README.md lacks the line {mark}");
    let (head, rest) = readme.split_once(BEGIN).ok_or_else(|| missing(BEGIN))?;
    let (_, tail) = rest.split_once(END).ok_or_else(|| missing(END))?;
    Ok(format!(
        "{head}{BEGIN}\n{}{END}{tail}",
        markdown(dashboards)
    ))
}
