//! `POST /v1/validate/batch`: the reports of many addresses, as one JSON object in order, or as JSON lines
//! in the order in which they are done.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use futures_util::{StreamExt, stream};
use serde::{Serialize, Serializer};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::AbortOnDropHandle;

use super::accept::{BatchFormat, NDJSON};
use super::admission::AdmissionPermit;
use super::body::json_bytes;
use super::problem::Problem;
use super::request::{BatchBody, Options};
use super::{App, answer};
use crate::report::{JsonForm, JsonReport};
use crate::validator::{self, Client, Priority};
use crate::verdict::Verdict;

/// Most lines that are sent in one chunk.
const MAX_LINES_PER_CHUNK: usize = 64;

pub(super) async fn batch(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let BatchBody { emails, options } = {
        let _permit = app.admission.upload()?;
        let memory = app.admission.batch_bytes();
        BatchBody::parse(&mut json_bytes(&parts.headers, body, app.bodies.batch(), memory).await?)?
    };
    // After the body was read: a slow client takes no permit from others.
    let permits = [app.admission.request()?, app.admission.batch()?];
    let client = app.guard.client(peer, &parts);
    let count = emails.len();
    let format = BatchFormat::requested(&parts.headers);
    let deadline = Instant::now() + app.batch_timeout;
    let task = BatchTask::spawn(Batch { app, options, client, format, deadline }, emails, permits);
    match format {
        BatchFormat::Object => object(task, count).await,
        BatchFormat::Lines => Ok(lines(task, count)),
    }
}

/// What all addresses of a batch share.
struct Batch {
    app: Arc<App>,
    options: Options,
    client: Client,
    format: BatchFormat,
    /// After it, reports state what is known, and wait for nothing.
    deadline: Instant,
}

/// A report as it is sent.
struct DoneReport {
    index: usize,
    verdict: Verdict,
    json: Vec<u8>,
}

/// The task that checks the addresses of a batch. A slow client does not slow it down, so that the permits
/// of its addresses are free for other batches soon; the channel holds at most the reports of one batch.
/// Dropping this stops the task.
struct BatchTask {
    done: mpsc::UnboundedReceiver<DoneReport>,
    _task: AbortOnDropHandle<()>,
    _permits: [AdmissionPermit; 2],
}

impl BatchTask {
    fn spawn(batch: Batch, emails: Vec<String>, permits: [AdmissionPermit; 2]) -> Self {
        let (sender, done) = mpsc::unbounded_channel();
        let task = AbortOnDropHandle::new(tokio::spawn(batch.run(emails, sender)));
        Self { done, _task: task, _permits: permits }
    }
}

impl Batch {
    async fn run(self, emails: Vec<String>, done: mpsc::UnboundedSender<DoneReport>) {
        let batch = &self;
        let mut reports = stream::iter(emails.into_iter().enumerate())
            .map(|(index, email)| batch.check(index, email))
            .buffer_unordered(self.app.admission.addresses_per_batch());
        while let Some(Ok(report)) = reports.next().await {
            if done.send(report).is_err() {
                return;
            }
        }
    }

    async fn check(&self, index: usize, email: String) -> Result<DoneReport, Problem> {
        let _permit = timeout_at(self.deadline, self.app.admission.address()).await;
        // A cached address awaits nothing: without this, a batch of them would block other tasks.
        tokio::task::coop::consume_budget().await;
        let request = self.app.request(&email, &self.options, self.client);
        let left = self.deadline.saturating_duration_since(Instant::now());
        let budget = request.budget.min(left);
        let request = validator::Request { budget, priority: Priority::InTurn, ..request };
        let report = self.app.validator.validate(&request).await;
        let json = match self.format {
            BatchFormat::Object => answer::json(&report.json(JsonForm::Full))?,
            BatchFormat::Lines => {
                answer::json(&IndexedReport { index, report: report.json(JsonForm::Full) })?
            }
        };
        Ok(DoneReport { index, verdict: report.judgement.verdict, json })
    }
}

/// A line of the answer.
#[derive(Serialize)]
struct IndexedReport<'a> {
    index: usize,
    #[serde(flatten)]
    report: JsonReport<'a>,
}

/// The number of addresses with each verdict.
#[derive(Default)]
struct BatchSummary([usize; Verdict::ALL.len()]);

impl BatchSummary {
    fn count(&mut self, verdict: Verdict) {
        for (known, count) in Verdict::ALL.into_iter().zip(&mut self.0) {
            *count += usize::from(known == verdict);
        }
    }
}

impl Serialize for BatchSummary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(Verdict::ALL.map(Verdict::code).iter().zip(self.0))
    }
}

/// An object with all reports, in the order of the addresses.
async fn object(mut task: BatchTask, count: usize) -> Result<Response, Problem> {
    let mut summary = BatchSummary::default();
    let mut reports: Vec<Option<Vec<u8>>> = vec![None; count];
    while let Some(DoneReport { index, verdict, json }) = task.done.recv().await {
        summary.count(verdict);
        reports[index] = Some(json);
    }
    let mut body = b"{\"results\":[".to_vec();
    for (index, report) in reports.into_iter().enumerate() {
        // One is missing only if the task panicked.
        let report = report.ok_or_else(Problem::internal)?;
        body.extend_from_slice(if index == 0 { b"" } else { b"," });
        body.extend_from_slice(&report);
    }
    body.extend_from_slice(b"],\"summary\":");
    body.extend_from_slice(&answer::json(&summary)?);
    body.push(b'}');
    Ok(answer::of_type("application/json", Body::from(body)))
}

/// A line for each report when it is done, then one for the summary.
fn lines(task: BatchTask, count: usize) -> Response {
    let lines = stream::unfold(
        Some(LineStream { task, left: count, summary: BatchSummary::default() }),
        next,
    );
    answer::of_type(NDJSON, Body::from_stream(lines))
}

/// The lines that are still to be sent.
struct LineStream {
    task: BatchTask,
    /// The number of reports among them.
    left: usize,
    summary: BatchSummary,
}

/// The next chunk: the lines that are ready, at least one. The last line is the summary.
async fn next(lines: Option<LineStream>) -> Option<(io::Result<Bytes>, Option<LineStream>)> {
    let mut lines = lines?;
    let mut ready = Vec::with_capacity(MAX_LINES_PER_CHUNK);
    lines.task.done.recv_many(&mut ready, MAX_LINES_PER_CHUNK).await;
    let mut text = Vec::new();
    for DoneReport { verdict, json, .. } in &ready {
        lines.summary.count(*verdict);
        text.extend_from_slice(json);
        text.push(b'\n');
    }
    lines.left -= ready.len();
    if lines.left > 0 && ready.is_empty() {
        // The task panicked: an answer that ends early must not look complete.
        return Some((Err(io::ErrorKind::Interrupted.into()), None));
    }
    if lines.left > 0 {
        return Some((Ok(text.into()), Some(lines)));
    }
    let summary = answer::json(&SummaryLine { summary: &lines.summary }).unwrap_or_default();
    text.extend_from_slice(&summary);
    text.push(b'\n');
    Some((Ok(text.into()), None))
}

/// The last line.
#[derive(Serialize)]
struct SummaryLine<'a> {
    summary: &'a BatchSummary,
}
