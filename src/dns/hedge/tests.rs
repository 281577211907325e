use std::sync::Mutex;

use tokio::time::sleep;

use super::*;

const REPEAT: Duration = Duration::from_millis(300);
const TIMEOUT: Duration = Duration::from_secs(1);

/// What one try comes to, and after how many milliseconds.
#[derive(Clone, Copy)]
enum Try {
    Answers(u64),
    Fails(u64, Failure),
    Lost,
}

/// What came of a question: the answer or its failure, the server, after which time, and when each server
/// was asked.
#[derive(Debug, PartialEq)]
struct Event {
    result: Result<(), Failure>,
    by: Option<usize>,
    after: u64,
    asked: Vec<(usize, u64)>,
}

async fn ask(servers: usize, tries: usize, script: &[Try]) -> Event {
    let began = Instant::now();
    let asked = Mutex::new(Vec::new());
    let listened = Mutex::new(0_usize);
    let next = |from: usize| (servers > 0).then(|| from % servers);
    let send = |server: usize, nth: usize| {
        let mut asked = asked.lock().unwrap();
        assert_eq!(nth, asked.len());
        let outcome = script.get(asked.len()).copied().unwrap_or(Try::Lost);
        asked.push((server, millis(began)));
        let listening = Listening::new(&listened);
        async move {
            let _listening = listening;
            match outcome {
                Try::Answers(after) => {
                    sleep(Duration::from_millis(after)).await;
                    Ok(Answer::<()>::NoData { ttl: TIMEOUT })
                }
                Try::Fails(after, failure) => {
                    sleep(Duration::from_millis(after)).await;
                    Err(failure)
                }
                Try::Lost => std::future::pending().await,
            }
        }
    };
    let answered = hedged(HedgeTiming::new(REPEAT, TIMEOUT, tries), 0, next, send).await;
    let after = millis(began);
    assert_eq!(*listened.lock().unwrap(), 0, "a try that was not given up");
    Event {
        result: answered.result.map(|_| ()),
        by: answered.by.map(|ServerId(server)| server),
        after,
        asked: asked.into_inner().unwrap(),
    }
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap()
}

/// Counts the tries that are listened for.
struct Listening<'a>(&'a Mutex<usize>);

impl<'a> Listening<'a> {
    fn new(count: &'a Mutex<usize>) -> Self {
        let mut listened = count.lock().unwrap();
        *listened += 1;
        assert!(*listened <= LISTENED, "{listened} are listened for");
        Self(count)
    }
}

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        *self.0.lock().unwrap() -= 1;
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_try_is_repeated_and_listened_for() {
    use Failure::{Refused, ServFail, Timeout, Unreachable};
    use Try::{Answers, Fails, Lost};
    type Case<'a> = (
        &'a str,
        usize,
        usize,
        &'a [Try],
        Result<(), Failure>,
        Option<usize>,
        u64,
        &'a [(usize, u64)],
    );
    // The name, how many servers, how many tries, what they come to; the result, by whom, after which
    // time, who was asked when.
    let cases: [Case<'_>; 18] = [
        ("at once", 2, 3, &[Answers(5)], Ok(()), Some(0), 5, &[(0, 0)]),
        ("just in time", 2, 3, &[Answers(299)], Ok(()), Some(0), 299, &[(0, 0)]),
        (
            "two lost",
            1,
            3,
            &[Lost, Lost, Answers(5)],
            Ok(()),
            Some(0),
            605,
            &[(0, 0), (0, 300), (0, 600)],
        ),
        ("another server", 2, 3, &[Lost, Answers(5)], Ok(()), Some(1), 305, &[(0, 0), (1, 300)]),
        ("a late answer", 2, 3, &[Answers(400), Lost], Ok(()), Some(0), 400, &[(0, 0), (1, 300)]),
        (
            "a failure does not beat a pending answer",
            2,
            2,
            &[Answers(400), Fails(5, ServFail)],
            Ok(()),
            Some(0),
            400,
            &[(0, 0), (1, 300)],
        ),
        (
            "a failure starts the next server at once",
            2,
            3,
            &[Fails(5, ServFail), Answers(5)],
            Ok(()),
            Some(1),
            10,
            &[(0, 0), (1, 5)],
        ),
        (
            "the next server, while another one is pending",
            3,
            3,
            &[Lost, Fails(5, Refused), Answers(5)],
            Ok(()),
            Some(2),
            310,
            &[(0, 0), (1, 300), (2, 305)],
        ),
        (
            "a server that failed is passed over",
            2,
            3,
            &[Fails(5, ServFail), Lost, Answers(5)],
            Ok(()),
            Some(1),
            310,
            &[(0, 0), (1, 5), (1, 305)],
        ),
        (
            "the only server may fail twice",
            1,
            9,
            &[Fails(5, ServFail), Fails(5, ServFail)],
            Err(ServFail),
            Some(0),
            305,
            &[(0, 0), (0, 300)],
        ),
        (
            "the second time it knows",
            1,
            9,
            &[Fails(5, ServFail), Answers(5)],
            Ok(()),
            Some(0),
            305,
            &[(0, 0), (0, 300)],
        ),
        ("one try", 1, 1, &[Fails(5, Refused)], Err(Refused), Some(0), 5, &[(0, 0)]),
        ("all lost", 2, 3, &[], Err(Timeout), None, 1_600, &[(0, 0), (1, 300), (0, 600)]),
        (
            "what was said counts for more than silence",
            2,
            2,
            &[Lost, Fails(5, Refused)],
            Err(Refused),
            Some(1),
            1_300,
            &[(0, 0), (1, 300)],
        ),
        (
            "nobody to be reached",
            1,
            4,
            &[Fails(0, Unreachable); 4],
            Err(Unreachable),
            None,
            900,
            &[(0, 0), (0, 300), (0, 600), (0, 900)],
        ),
        (
            "packets that could not be sent",
            1,
            4,
            &[Fails(0, Unreachable), Fails(0, Unreachable), Fails(0, Unreachable), Answers(5)],
            Ok(()),
            Some(0),
            905,
            &[(0, 0), (0, 300), (0, 600), (0, 900)],
        ),
        (
            "a server that cannot be reached is passed over",
            2,
            4,
            &[Fails(0, Unreachable), Lost, Answers(5)],
            Ok(()),
            Some(1),
            305,
            &[(0, 0), (1, 0), (1, 300)],
        ),
        ("no server", 0, 3, &[], Err(Unreachable), None, 0, &[]),
    ];
    for (name, servers, tries, script, result, by, after, asked) in cases {
        let came = ask(servers, tries, script).await;
        let expected = Event { result, by, after, asked: asked.to_vec() };
        assert_eq!(came, expected, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_never_takes_longer_than_is_said() {
    for (tries, repeat, timeout, longest) in
        [(9, 300, 1_000, 3_400), (1, 300, 1_000, 1_000), (2, 300, 100, 200), (3, 300, 300, 900)]
    {
        let [repeat, timeout] = [repeat, timeout].map(Duration::from_millis);
        let pace = HedgeTiming::new(repeat, timeout, tries);
        assert_eq!(pace.longest(), Duration::from_millis(longest));
        let began = Instant::now();
        let silent = |_, _| std::future::pending::<Result<Answer<()>, Failure>>();
        let answered = hedged(pace, 0, |_| Some(0), silent).await;
        assert_eq!(answered, Answered::by_none(Failure::Timeout));
        assert_eq!(began.elapsed(), pace.longest());
    }
}
