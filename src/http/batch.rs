//! `POST /v1/validate/batch`: many addresses in, a report on each out, in order or as they come.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use futures_util::{StreamExt, stream};
use serde::{Serialize, Serializer};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::accept::{BatchForm, NDJSON};
use super::admission::AdmissionPermit;
use super::body::json_bytes;
use super::problem::Problem;
use super::request::{BatchBody, Options};
use super::{App, answer};
use crate::report::{Form, JsonReport};
use crate::validator::{self, Client, Priority};
use crate::verdict::Verdict;

/// How many lines are sent together, where they are there already.
const LINES_TOGETHER: usize = 64;

pub(super) async fn batch(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let BatchBody { emails, options } = {
        let _place = app.admission.upload()?;
        let memory = app.admission.batch_bytes();
        BatchBody::parse(&mut json_bytes(&parts.headers, body, app.bodies.batch(), memory).await?)?
    };
    // Not before: who sends slowly holds up nobody.
    let places = [app.admission.request()?, app.admission.batch()?];
    let caller = app.guard.caller(peer, &parts);
    let count = emails.len();
    let form = BatchForm::wanted(&parts.headers);
    let deadline = Instant::now() + app.batch_timeout;
    let work = BatchTask::begin(Batch { app, options, caller, form, deadline }, emails, places);
    match form {
        BatchForm::Whole => whole(work, count).await,
        BatchForm::Lines => Ok(lines(work, count)),
    }
}

/// What all addresses of a batch have in common.
struct Batch {
    app: Arc<App>,
    options: Options,
    caller: Client,
    form: BatchForm,
    /// From then on nothing is waited for.
    deadline: Instant,
}

/// A report as it is sent.
struct Done {
    index: usize,
    verdict: Verdict,
    json: Vec<u8>,
}

/// The work on a batch. It goes on at its own pace however slowly the client reads, so that it gives back
/// the places that others wait for; a batch has an end, and so has what piles up. Dropped, it stops.
struct BatchTask {
    done: mpsc::UnboundedReceiver<Done>,
    _task: JoinSet<()>,
    _places: [AdmissionPermit; 2],
}

impl BatchTask {
    fn begin(batch: Batch, emails: Vec<String>, places: [AdmissionPermit; 2]) -> Self {
        let (sender, done) = mpsc::unbounded_channel();
        let mut task = JoinSet::new();
        task.spawn(batch.run(emails, sender));
        Self { done, _task: task, _places: places }
    }
}

impl Batch {
    async fn run(self, emails: Vec<String>, done: mpsc::UnboundedSender<Done>) {
        let batch = &self;
        let mut reports = stream::iter(emails.into_iter().enumerate())
            .map(|(index, email)| batch.look_at(index, email))
            .buffer_unordered(self.app.admission.of_a_batch());
        while let Some(Ok(report)) = reports.next().await {
            if done.send(report).is_err() {
                return;
            }
        }
    }

    async fn look_at(&self, index: usize, email: String) -> Result<Done, Problem> {
        let _place = timeout_at(self.deadline, self.app.admission.address()).await;
        // What is known already is never waited for; others want the processor as well.
        tokio::task::coop::consume_budget().await;
        let request = self.app.request(&email, &self.options, self.caller);
        let left = self.deadline.saturating_duration_since(Instant::now());
        let budget = request.budget.min(left);
        let request = validator::Request { budget, priority: Priority::InTurn, ..request };
        let report = self.app.validator.validate(&request).await;
        let json = match self.form {
            BatchForm::Whole => answer::json(&report.json(Form::Full))?,
            BatchForm::Lines => {
                answer::json(&IndexedReport { index, report: report.json(Form::Full) })?
            }
        };
        Ok(Done { index, verdict: report.judgement.verdict, json })
    }
}

/// A line of the answer.
#[derive(Serialize)]
struct IndexedReport<'a> {
    index: usize,
    #[serde(flatten)]
    report: JsonReport<'a>,
}

/// How many addresses got which verdict.
#[derive(Default)]
struct Summary([usize; Verdict::ALL.len()]);

impl Summary {
    fn count(&mut self, verdict: Verdict) {
        for (known, count) in Verdict::ALL.into_iter().zip(&mut self.0) {
            *count += usize::from(known == verdict);
        }
    }
}

impl Serialize for Summary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(Verdict::ALL.map(Verdict::code).iter().zip(self.0))
    }
}

/// All reports, in the order of the addresses.
async fn whole(mut work: BatchTask, count: usize) -> Result<Response, Problem> {
    let mut summary = Summary::default();
    let mut reports: Vec<Option<Vec<u8>>> = vec![None; count];
    while let Some(Done { index, verdict, json }) = work.done.recv().await {
        summary.count(verdict);
        reports[index] = Some(json);
    }
    let mut body = b"{\"results\":[".to_vec();
    for (index, report) in reports.into_iter().enumerate() {
        // One is missing only where the work broke down.
        let report = report.ok_or_else(Problem::internal)?;
        body.extend_from_slice(if index == 0 { b"" } else { b"," });
        body.extend_from_slice(&report);
    }
    body.extend_from_slice(b"],\"summary\":");
    body.extend_from_slice(&answer::json(&summary)?);
    body.push(b'}');
    Ok(answer::of_type("application/json", Body::from(body)))
}

/// A line for each report as it comes, then one for the summary.
fn lines(work: BatchTask, count: usize) -> Response {
    let lines = stream::unfold(
        Some(OutgoingLines { work, left: count, summary: Summary::default() }),
        next,
    );
    answer::of_type(NDJSON, Body::from_stream(lines))
}

/// What is still to be sent.
struct OutgoingLines {
    work: BatchTask,
    left: usize,
    summary: Summary,
}

/// The lines that are there, at least one; the last of all is the summary.
async fn next(lines: Option<OutgoingLines>) -> Option<(io::Result<Bytes>, Option<OutgoingLines>)> {
    let mut lines = lines?;
    let mut there = Vec::with_capacity(LINES_TOGETHER);
    lines.work.done.recv_many(&mut there, LINES_TOGETHER).await;
    let mut text = Vec::new();
    for Done { verdict, json, .. } in &there {
        lines.summary.count(*verdict);
        text.extend_from_slice(json);
        text.push(b'\n');
    }
    lines.left -= there.len();
    if lines.left > 0 && there.is_empty() {
        // The work broke down: an answer that ends early must not look whole.
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
    summary: &'a Summary,
}
