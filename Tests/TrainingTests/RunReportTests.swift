import Corpora
import Encoders
import Evaluation
import Files
import Foundation
import FoundationXML
import ModelFiles
import TestSupport
import Testing

@testable import Training

@Suite("Report of a run")
struct RunReportTests {
    /// Queries of which the judgements know one passage each; all are hostile.
    private static let dataSet: DataSet = {
        let tuples = Tiny.tuples.prefix(20)
        var queries = tuples.map { Query(id: $0.anchorID ?? "", text: $0.anchor) }
        var corpus = tuples.map { Passage(id: $0.positiveID ?? "", title: "", text: $0.positive) }
        for index in queries.indices {
            queries[index].text += " </script><img src=x>"
            corpus[index].text += " <b>&amp;</b>"
        }
        return DataSet(
            corpus: corpus, queries: queries,
            judgements: [
                "dev": Dictionary(uniqueKeysWithValues: tuples.map { ($0.anchorID ?? "", [$0.positiveID ?? "": 1]) })
            ])
    }()

    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private static var evaluator: HeldOutRetrieval {
        HeldOutRetrieval(RetrievalEvaluator(dataSet, metrics: HeldOutRetrieval.metrics))
    }

    private func train(
        _ settings: TrainingSettings = Tiny.settings, evaluator: (any DevelopmentEvaluator)? = nil,
        reporting: RunReporting = .full()
    ) throws -> (html: String?, result: TrainingResult) {
        let result = try Tiny.trainer(settings).train(
            into: folder.file("run"), start: .replacing, evaluator: evaluator, reporting: reporting)
        return (try result.report.map { try readText($0) }, result)
    }

    private func isWellFormed(_ html: String) -> Bool {
        XMLParser(data: Data(html.utf8)).parse()
    }

    @Test("shows curves, costs and origin of a run without an evaluator, well-formed")
    func plain() throws {
        let (html, result) = try train()
        let page = try #require(html)
        #expect(result.report == TrainingRun(path: result.path).reportPath)
        #expect(isWellFormed(page))
        for text in [
            "Loss", "Gradient norm", "Learning rate", "Speed", "Lengths of the texts", "What it cost",
            result.adapterDigest,
            "tiny-bert, tuned on tiny pairs", "peak memory", "instruction_set",
        ] {
            #expect(page.contains(text), "\(text)")
        }
        #expect(!page.contains("Base against tuned"))
    }

    @Test("compares base and tuned, with intervals and the queries that were won")
    func full() throws {
        var settings = Tiny.settings
        settings.epochs = 12
        settings.evaluateEvery = 12
        let (html, result) = try train(settings, evaluator: Self.evaluator)
        let page = try #require(html)
        #expect(isWellFormed(page))
        for text in [
            "Base against tuned", "Queries won and lost", "ndcg@10", "95\u{A0}% interval", "✓ relevant",
            "Metrics on dev",
        ] {
            #expect(page.contains(text), "\(text)")
        }
        #expect(!page.contains("<img") && page.contains("&lt;img src=x&gt;"))
        let best = try #require(result.best?.metrics["ndcg@10"])
        #expect(best > (result.before?.metrics["ndcg@10"] ?? 1))
        #expect(page.contains("Won: "))
    }

    @Test("evaluates once each at the end where the run itself did not")
    func atTheEnd() throws {
        let evaluator = Counting(evaluator: Self.evaluator)
        let (html, result) = try train(reporting: .full(on: evaluator))
        #expect(evaluator.spaces.count == 2)
        #expect(evaluator.spaces.first == (try TextEncoder(model: Tiny.model()).space.digest))
        let kept = try TextEncoder(model: Tiny.model(), adapter: AdapterFolder(path: result.path)).space.digest
        #expect(evaluator.spaces.last == kept)
        #expect(try #require(html).contains("Base against tuned"))
        #expect(result.before == nil && result.best == nil)
    }

    @Test("shows the anchor's part of the loss, each mining of negatives, and what each strength costs the canary")
    func extras() throws {
        var settings = Tiny.settings
        settings.evaluateEvery = 3
        settings.anchor = AnchorSettings(weight: 2, batchSize: 3)
        var choice = MiningSettings()
        choice.negatives = 1
        choice.relativeMargin = nil
        settings.mining = RunMiningSettings(choice, every: 3)
        let trainer = try Trainer(
            model: Tiny.model(), tuples: Tiny.tuples, settings: settings, anchorTexts: ["the bank is in new york"])
        let dial = try StrengthDial(domain: Self.evaluator, canary: Self.evaluator, steps: 2)
        let result = try trainer.train(into: folder.file("run"), evaluator: Self.evaluator, dial: dial)
        let page = try readText(#require(result.report))
        #expect(isWellFormed(page))
        for text in ["part of the loss that the anchor is", "Hard negatives", "Strength of the adapter"] {
            #expect(page.contains(text), "\(text)")
        }
        #expect(page.components(separatedBy: "after step").count == 2)
        #expect(page.contains("ndcg@10 on the canary set"))
        #expect(!(try #require(try train().html).contains("Hard negatives")))
    }

    @Test("lets the queries follow the strength that was chosen")
    func dialledQueries() throws {
        let evaluator = Counting(evaluator: Self.evaluator)
        var settings = Tiny.settings
        settings.evaluateEvery = 9
        // A canary that no strength but 0 leaves as it was.
        let canary = Counting(evaluator: Self.evaluator, isFalling: true)
        let result = try Tiny.trainer(settings).train(
            into: folder.file("run"), evaluator: evaluator,
            dial: StrengthDial(domain: evaluator, canary: canary, budget: 0, steps: 2))
        #expect(result.dial?.chosen.scale == 0)
        // Before, at the end, three strengths, and the queries of what was kept.
        #expect(evaluator.spaces.count == 6)
        let page = try readText(#require(result.report))
        #expect(isWellFormed(page) && page.contains("Base against tuned"))
    }

    @Test("does not evaluate again what was evaluated on the way")
    func onTheWay() throws {
        let evaluator = Counting(evaluator: Self.evaluator)
        var settings = Tiny.settings
        settings.evaluateEvery = 3
        let (html, _) = try train(settings, evaluator: evaluator)
        #expect(evaluator.spaces.count == 4)
        #expect(try #require(html).contains("Queries won and lost"))
    }

    @Test("of a resumed run tells what an uninterrupted run's does of base and tuned")
    func resumed() throws {
        var settings = Tiny.settings
        settings.evaluateEvery = 3
        let whole = try #require(try train(settings, evaluator: Self.evaluator).html)
        let recorder = Recorder()
        var stops = false
        recorder.atStep = { if $0 == 5 { stops = true } }
        _ = failure {
            _ = try Tiny.trainer(settings).train(
                into: folder.file("resumed"), observer: recorder, evaluator: Self.evaluator, isCancelled: { stops })
        }
        let result = try Tiny.trainer(settings).train(
            into: folder.file("resumed"), start: .resuming, evaluator: Self.evaluator)
        let resumed = try readText(try #require(result.report))
        func section(_ page: String) -> Substring {
            let rest = page[(page.firstRange(of: "Base against tuned")?.lowerBound ?? page.endIndex)...]
            return rest[..<(rest.firstRange(of: "</section>")?.lowerBound ?? rest.endIndex)]
        }
        #expect(!section(whole).isEmpty && section(whole) == section(resumed))
    }

    @Test("takes a part of a large split, and says so")
    func samples() throws {
        let evaluator = try HeldOutRetrieval(
            sampleOf: .retrieval(Self.dataSet), path: "data", queryCount: 5, passageCount: 12)
        #expect(evaluator.evaluator.dataSet.queries.count == 5 && evaluator.evaluator.dataSet.corpus.count == 12)
        let page = try #require(try train(reporting: .full(on: evaluator)).html)
        #expect(page.contains("5 queries of a sample of dev") && page.contains("12 of the 20 passages"))
        let whole = try HeldOutRetrieval(sampleOf: .retrieval(Self.dataSet), path: "data")
        #expect(whole.scope == "dev" && whole.remark == nil)
    }

    @Test("is brief, or not there, where that is asked for")
    func extents() throws {
        let evaluator = Counting(evaluator: Self.evaluator)
        #expect(try train(reporting: .none).html == nil)
        let brief = try #require(try train(evaluator: evaluator, reporting: .brief).html)
        #expect(evaluator.spaces.count == 2)
        #expect(brief.contains("Base against tuned") && !brief.contains("Queries won and lost"))
    }

    @Test("cannot fail a run: what goes wrong is one warning")
    func failures() throws {
        let recorder = Recorder()
        let result = try Tiny.trainer().train(
            into: folder.file("run"), observer: recorder, reporting: .full(on: Failing()))
        #expect(recorder.warnings == ["the report lacks base against tuned, the evaluation failed: no data today"])
        #expect(result.report != nil)
        #expect(try TrainingRun(path: result.path).state() == .finished)

        let blocked = Recorder()
        blocked.atStep = { step in
            if step == 9 { try? FileSystem.makeDirectory(folder.file("other/report.html/in-the-way")) }
        }
        let other = try Tiny.trainer().train(into: folder.file("other"), observer: blocked)
        #expect(other.report == nil)
        #expect(blocked.warnings.count == 1)
        #expect(
            blocked.warnings.first?.hasPrefix("the run is complete, but its report could not be written: ") ?? false)
        #expect(try TrainingRun(path: other.path).state() == .finished)
        #expect(other.adapterDigest == result.adapterDigest)
    }

    @Test("counts the texts that are cut, and what is lost of them")
    func lengths() throws {
        var settings = Tiny.settings
        settings.maxLength = 5
        let page = try #require(try train(settings).html)
        #expect(page.contains("are cut at the limit of 5 tokens"))
        let lengths = TextLengths(kinds: [("anchors", [3, 4]), ("documents", [10, 3, 5])], limit: 5)
        #expect(lengths.cutCount == 1 && lengths.count == 5)
        #expect(lengths.lostShare == 0.2)
        #expect(lengths.limit(keeping: 0.8) == 5 && lengths.limit(keeping: 0.95) == 10)
        #expect(TextLengths(kinds: [("anchors", [])], limit: 5).lostShare == 0)
    }

    @Test("counts the false negatives that were masked, in the log and on the page")
    func masks() throws {
        let (html, result) = try train()
        let lines = try MetricsLog.read(TrainingRun(path: result.path).metricsPath)
        let masked = lines.reduce(0) { $0 + ($1.masked ?? 0) }
        #expect(masked > 0 && lines.count == 9)
        #expect(lines.reduce(0) { $0 + ($1.pairs ?? 0) } == Tiny.tuples.count * 3)
        #expect(try #require(html).contains("\(masked) false negatives were left out of the loss"))
    }
}

/// Remembers what it evaluated.
private final class Counting: ExplainingEvaluator {
    let evaluator: HeldOutRetrieval
    var spaces: [String] = []
    var metric: String { evaluator.metric }
    var scope: String { evaluator.scope }

    private let isFalling: Bool

    /// - Parameter isFalling: whether each evaluation finds less than the one before, whatever the encoder.
    init(evaluator: HeldOutRetrieval, isFalling: Bool = false) {
        self.evaluator = evaluator
        self.isFalling = isFalling
    }

    func evaluate(_ encoder: TextEncoder) throws -> [String: Double] {
        let metrics = try evaluateInDetail(encoder).metrics
        return isFalling ? [metric: 1 / Double(spaces.count)] : metrics
    }

    func evaluateInDetail(_ encoder: TextEncoder) throws -> DetailedEvaluation {
        spaces.append(encoder.space.digest)
        return try evaluator.evaluateInDetail(encoder)
    }
}

private struct Failing: ExplainingEvaluator {
    let metric = "score"
    let scope = "dev"

    struct Refusal: Error, CustomStringConvertible {
        let description = "no data today"
    }

    func evaluate(_ encoder: TextEncoder) throws -> [String: Double] { throw Refusal() }
    func evaluateInDetail(_ encoder: TextEncoder) throws -> DetailedEvaluation { throw Refusal() }
}
