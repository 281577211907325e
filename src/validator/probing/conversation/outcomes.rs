//! What a conversation counts for the limiter.

use super::super::server_feedback::{feedback_of_failure, is_of_one_domain, refuses_everybody};
use super::Conversation;
use crate::evidence::Evidence;
use crate::reply::{About, ReplyClass, Stage};
use crate::smtp::limiter::ServerFeedback;
use crate::smtp::{Session, SessionError};

impl Conversation<'_> {
    pub(super) fn count_answer(&mut self, stage: Stage, class: ReplyClass, evidence: &Evidence) {
        self.count_recipient(class);
        match evidence.about() {
            Some(About::Mailbox(_)) => {
                self.outcomes.answered += 1;
                self.outcomes.absent += u32::from(evidence.is_not_found());
                if self.outcomes.feedback != ServerFeedback::Refused {
                    self.outcomes.feedback = ServerFeedback::Answered;
                }
            }
            // One reply before RCPT is given to every recipient that waits: it is one refusal.
            Some(About::Us(_)) if stage != Stage::RcptTo && self.for_everybody.is_some() => {}
            Some(About::Us(detail)) => {
                self.outcomes.refused_us += u32::from(!is_of_one_domain(detail));
            }
            Some(About::Now(_)) | None => {}
        }
        if self.outcomes.feedback == ServerFeedback::Unknown {
            self.outcomes.feedback = ServerFeedback::Deferred;
        }
        self.record_refusal_of_us(stage, evidence);
        if stage != Stage::RcptTo || refuses_everybody(stage, evidence) {
            self.for_everybody = Some(evidence.clone());
        }
    }

    pub(super) fn count_recipient(&mut self, class: ReplyClass) {
        self.left.recipients = self.left.recipients.saturating_sub(1);
        if class != ReplyClass::Positive {
            self.left.refusals = self.left.refusals.saturating_sub(1);
        }
    }

    pub(super) fn record_refusal_of_us(&mut self, stage: Stage, evidence: &Evidence) {
        if refuses_everybody(stage, evidence) {
            self.outcomes.feedback = ServerFeedback::Refused;
        }
    }

    /// Records how the session ended, and how many recipients were sent, whatever came back.
    pub(super) fn record_end(&mut self, session: &Session) {
        self.outcomes.asked = u32::try_from(session.recipients_sent()).unwrap_or(u32::MAX);
        if let Some(error) = session.ended() {
            let evidence = self.interpreter(None).error(error);
            self.record_failure(error, &evidence);
        }
    }

    pub(super) fn record_failure(&mut self, error: &SessionError, evidence: &Evidence) {
        self.record_refusal_of_us(error.stage, evidence);
        // A server that answered before its failure gave an answer.
        if self.outcomes.feedback == ServerFeedback::Unknown {
            self.outcomes.feedback = feedback_of_failure(error, evidence);
            self.outcomes.refused_us += u32::from(matches!(evidence.about(), Some(About::Us(_))));
        }
    }
}
