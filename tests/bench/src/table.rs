//! The report as a person reads it.

use crate::report::Report;
use crate::{backbone, engine, gateway, notifier, query};
use serialtrail_bench_codecs::text::{heading, spread, table};
use std::fmt::Write;

/// The tables of a report. Of repetitions the median and, in brackets, the range.
#[must_use]
pub fn of(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write_report(&mut out, report);
    out
}

fn write_report(out: &mut String, report: &Report) -> std::fmt::Result {
    let machine = &report.machine;
    writeln!(
        out,
        "{}, {} cores, {} MiB, Linux {}, load {} before; {}",
        machine.processor,
        machine.cores,
        machine.memory_mib,
        machine.kernel,
        machine.load_before,
        report.began
    )?;
    let versions = report.versions.iter().map(|(n, v)| format!("{n} {v}"));
    writeln!(out, "{}", versions.collect::<Vec<_>>().join(", "))?;
    if report.versions.get("build").is_some_and(|b| b != "release") {
        writeln!(out, "NOT OPTIMISED: these figures say nothing about speed")?;
    }
    writeln!(
        out,
        "{} repetitions: median (lowest to highest)",
        report.options.repeat
    )?;
    if let Some(figures) = &report.backbone {
        backbone(out, figures)?;
    }
    if let Some(figures) = &report.gateway {
        gateway(out, figures)?;
    }
    if let Some(figures) = &report.query {
        query(out, figures)?;
    }
    if let Some(figures) = &report.notifier {
        notifier(out, figures)?;
    }
    if let Some(figures) = &report.codecs {
        figures.write(out)?;
    }
    if let Some(figures) = &report.engine {
        engine(out, figures)?;
    }
    if let Some(figures) = &report.stages {
        figures.write(out)?;
    }
    if let Some(figures) = &report.sink {
        figures.write(out)?;
    }
    if let Some(figures) = &report.pipeline {
        figures.write(out)?;
    }
    if let Some(figures) = &report.alert_delay {
        figures.write(out)?;
    }
    if let Some(figures) = &report.state {
        figures.write(out)?;
    }
    if let Some(figures) = &report.recovery {
        figures.write(out)?;
    }
    if let Some(figures) = &report.scaling {
        figures.write(out)?;
    }
    Ok(())
}

fn engine(out: &mut String, f: &engine::Figures) -> std::fmt::Result {
    let settings = &f.settings;
    writeln!(
        out,
        "\nEngine: the contract's {} enriched scans and its alerts, the same bytes of both; ours {:.2} times Kafka \
         Streams (each repetition {})",
        f.enriched,
        f.ratio,
        spread(&f.ratios)
    )?;
    writeln!(
        out,
        "ours: {} threads, windows of {} ms or {} records, {} MiB for index and cache",
        settings.threads, settings.window_ms, settings.window_records, settings.memory_mib
    )?;
    let mut rows = vec![heading(&[
        "engine",
        "events/CPU-s",
        "from first commit",
        "events/s",
        "CPU-s",
        "broker CPU-s",
        "others CPU-s",
        "peak MiB",
    ])];
    for (name, engine) in [
        ("ours", &f.ours),
        ("Kafka Streams, tuned", &f.kafka_streams),
    ] {
        rows.push(vec![
            name.to_owned(),
            spread(&engine.ev_per_cpu_s),
            spread(&engine.steady_ev_per_cpu_s),
            spread(&engine.ev_per_s),
            spread(&engine.cpu_s),
            spread(&engine.broker_cpu_s),
            spread(&engine.others_cpu_s),
            spread(&engine.peak_mib),
        ]);
    }
    table(out, &rows)?;
    let mut rows = vec![heading(&[
        "event to alert",
        "events/s",
        "commit ms",
        "alerts",
        "p50 ms",
        "p99 ms",
        "max ms",
    ])];
    for paced in &f.paced {
        rows.push(vec![
            paced.engine.clone(),
            paced.rate.to_string(),
            paced.commit_ms.to_string(),
            paced.alerts.to_string(),
            format!("{:.1}", paced.p50_ms),
            format!("{:.1}", paced.p99_ms),
            format!("{:.1}", paced.max_ms),
        ]);
    }
    table(out, &rows)
}

fn backbone(out: &mut String, f: &backbone::Figures) -> std::fmt::Result {
    writeln!(
        out,
        "\nBackbone: {} observations of {} events, captured in {} s, settled in {} s",
        f.observations,
        f.events,
        spread(&f.capture_s),
        spread(&f.settled_s)
    )?;
    writeln!(
        out,
        "{} observations/s; {} observations per CPU-second of our services",
        spread(&f.observations_per_s),
        spread(&f.observations_per_service_cpu_s)
    )?;
    let mut rows = vec![heading(&["process", "CPU-s per million obs.", "peak MiB"])];
    for (name, cpu) in &f.cpu_s_per_million {
        let memory = f.peak_mib.get(name).map(spread).unwrap_or_default();
        rows.push(vec![name.clone(), spread(cpu), memory]);
    }
    table(out, &rows)
}

fn gateway(out: &mut String, f: &gateway::Figures) -> std::fmt::Result {
    writeln!(out, "\nGateway: capture by HTTP, latency to the 202")?;
    let mut rows = vec![heading(&[
        "events a document",
        "at once",
        "documents",
        "events/s",
        "p50 ms",
        "p99 ms",
        "gateway CPU-s/million",
        "kafka CPU-s/million",
    ])];
    for cell in &f.cells {
        rows.push(vec![
            cell.events_per_document.to_string(),
            cell.concurrency.to_string(),
            cell.documents.to_string(),
            spread(&cell.events_per_s),
            spread(&cell.p50_ms),
            spread(&cell.p99_ms),
            spread(&cell.gateway_cpu_s_per_million),
            spread(&cell.kafka_cpu_s_per_million),
        ]);
    }
    table(out, &rows)
}

fn query(out: &mut String, f: &query::Figures) -> std::fmt::Result {
    let fill = &f.fill;
    writeln!(
        out,
        "\nQuery: {} observations of {} units in {} lots (the largest has {}), {} alerts; {:.0} MiB, \
         filled in {:.0} s{}",
        fill.observations,
        fill.units,
        fill.lots,
        fill.large_lot,
        fill.alerts,
        fill.disk_bytes as f64 / 1_048_576.0,
        fill.seconds,
        if fill.cut_short {
            ", cut short by the time allowed"
        } else {
            ""
        }
    )?;
    let mut rows = vec![heading(&[
        "request",
        "count",
        "failed",
        "first touch p50 ms",
        "p99 ms",
        "warm p50 ms",
        "warm p99 ms",
        "clickhouse CPU-ms",
        "query CPU-ms",
        "KiB",
    ])];
    for kind in &f.kinds {
        rows.push(vec![
            kind.kind.clone(),
            kind.requests.to_string(),
            kind.failed.to_string(),
            format!("{:.1}", kind.first_touch.p50_ms),
            format!("{:.1}", kind.first_touch.p99_ms),
            spread(&kind.warm_p50_ms),
            spread(&kind.warm_p99_ms),
            spread(&kind.clickhouse_cpu_ms),
            spread(&kind.query_cpu_ms),
            format!("{:.1}", kind.mean_bytes / 1024.0),
        ]);
    }
    table(out, &rows)?;
    for kind in &f.kinds {
        if let Some(failure) = &kind.failure {
            writeln!(out, "{}: {failure}", kind.kind)?;
        }
    }
    Ok(())
}

fn notifier(out: &mut String, f: &notifier::Figures) -> std::fmt::Result {
    writeln!(
        out,
        "\nNotifier: from an alert's commit to the webhook's receipt"
    )?;
    let mut rows = vec![heading(&[
        "alerts",
        "dead receiver",
        "p50 ms",
        "p99 ms",
        "notifications/s",
        "notifier CPU-s/million",
    ])];
    for cell in &f.cells {
        let how = match cell.per_second {
            Some(rate) => format!("{} at {rate}/s", cell.alerts),
            None => format!("{} at once", cell.alerts),
        };
        rows.push(vec![
            how,
            if cell.dead_receiver { "beside" } else { "none" }.to_owned(),
            spread(&cell.p50_ms),
            spread(&cell.p99_ms),
            spread(&cell.per_s),
            spread(&cell.notifier_cpu_s_per_million),
        ]);
    }
    table(out, &rows)
}
