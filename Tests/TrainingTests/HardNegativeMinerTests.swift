import Corpora
import Encoders
import Files
import TestSupport
import Testing
import VectorMath

@testable import Training

@Suite("Mining of hard negatives")
struct HardNegativeMinerTests {
    /// Mines with the encoder of angles, and gives the texts found for each query.
    private func mine(
        _ task: MiningTask, round: Int = 0, _ change: (inout MiningSettings) -> Void = { _ in }
    ) throws -> (texts: [[String]], mined: MinedNegatives) {
        var settings = MiningSettings()
        change(&settings)
        let mined = try #require(try HardNegativeMiner(settings).mine(task, encoder: AngleEncoder(), round: round))
        return (mined.negatives.map { $0.map { task.documents[$0.document] } }, mined)
    }

    private func pair(_ anchor: String, _ positive: String, _ negatives: String...) -> TrainingTuple {
        TrainingTuple(anchor: anchor, positive: positive, negatives: negatives)
    }

    // MARK: What is taken

    @Test("takes the nearest that score at most 95 % of the answer, nearest first")
    func positiveAware() throws {
        // cos 30° is 0.866, and 95 % of it 0.823, the cosine of 34.6°.
        let task = MiningTask(
            tuples: [pair("q@0", "answer@30")], corpus: ["a@50", "b@10", "c@36", "d@34", "e@-40", "f@90"])
        let (texts, mined) = try mine(task) { $0.negatives = 3 }
        #expect(texts == [["c@36", "e@-40", "a@50"]])
        #expect(mined.summary.dropped == [.relativeMargin: 2])
        #expect(mined.summary.shortQueries == 0 && mined.summary.found == 3)
        #expect(abs((mined.summary.answerScore ?? 0) - 0.8660) < 1e-4)
    }

    @Test("of several answers the one that scores lowest decides, and none of them is a negative")
    func severalAnswers() throws {
        let tuples = [pair("q@0", "first@20"), pair("Q@0 ", "second@60"), pair("other@180", "far@170")]
        let task = MiningTask(tuples: tuples, corpus: ["a@30", "b@50", "c@63", "d@70"])
        #expect(task.queries == ["q@0", "other@180"])
        let (texts, _) = try mine(task) {
            $0.negatives = 2
            $0.relativeMargin = nil
            $0.absoluteMargin = 0
        }
        #expect(texts[0] == ["c@63", "d@70"])
    }

    @Test("an answer with a negative score is not a licence to take what scores above it")
    func negativeScores() throws {
        let task = MiningTask(tuples: [pair("q@0", "answer@120")], corpus: ["a@119", "b@121", "c@150"])
        #expect(try mine(task).texts == [["c@150"]])
    }

    @Test("leaves out copies of answers, the query's own text, what other splits know, and what is a negative already")
    func exclusions() throws {
        let task = MiningTask(
            tuples: [pair("the  Query@0", "The answer@5", "judged@12")],
            corpus: [
                "the  ANSWER@5", "The query@0", "judged@12", "known@14", "  ", "twice@20", "TWICE@20", "last@30",
            ],
            known: [("THE query@0", "known@14"), ("another query", "last@30"), ("the query@0", "nowhere")])
        let (texts, mined) = try mine(task) { $0.relativeMargin = nil }
        #expect(texts == [["twice@20", "last@30"]])
        // Six distinct ones: of the two copies each one, and no blank text.
        #expect(mined.summary.documents == 6)
        #expect(mined.summary.short == [.tooFewDocuments: 1])
    }

    @Test("tuples of a group hold no negatives for one another")
    func groups() throws {
        let tuples = [("q@0", "a@10", "x"), ("r@5", "b@40", "x"), ("s@90", "c@60", "y")].map {
            TrainingTuple(anchor: $0, positive: $1, group: $2)
        }
        let (texts, _) = try mine(MiningTask(tuples: tuples)) { $0.relativeMargin = nil }
        #expect(texts == [["c@60"], ["c@60"], ["b@40", "a@10"]])
    }

    @Test("without a corpus, negatives come from the positives of all tuples")
    func withoutCorpus() throws {
        let tuples = [pair("q@0", "a@10"), pair("r@20", "b@40", "n@25"), pair("s@40", "c@70")]
        let (texts, _) = try mine(MiningTask(tuples: tuples)) { $0.relativeMargin = nil }
        #expect(texts == [["b@40", "c@70"], ["a@10", "c@70"], ["b@40", "a@10"]])
    }

    // MARK: Against the plain way

    static let variants: [@Sendable (inout MiningSettings) -> Void] = [
        { _ in },
        { $0.relativeMargin = nil },
        {
            $0.rangeMin = 3
            $0.rangeMax = 11
        },
        {
            $0.relativeMargin = 0.2
            $0.absoluteMargin = 0.05
            $0.maxScore = 0.7
            $0.minScore = -0.2
        },
        {
            $0.negatives = 200
            $0.rangeMax = 300
            $0.relativeMargin = nil
        },
    ]

    /// Forty queries among two hundred documents at random angles; one query has a hundred answers.
    private var randomTask: MiningTask {
        var random = RandomGenerator(seed: 3)
        func text(_ name: String) -> String { "\(name)@\(Double(random.below(3_600_000)) / 10_000)" }
        let corpus = (0..<200).map { text("d\($0)") }
        var tuples: [TrainingTuple] = []
        for number in 0..<40 {
            let query = text("q\(number)")
            for _ in 0..<(number == 7 ? 100 : 1 + number % 3) {
                tuples.append(TrainingTuple(anchor: query, positive: corpus[random.below(200)]))
            }
        }
        return MiningTask(tuples: tuples, corpus: corpus)
    }

    @Test("finds what sorting all scores finds", arguments: variants.indices)
    func reference(_ variant: Int) throws {
        var settings = MiningSettings()
        Self.variants[variant](&settings)
        let task = randomTask
        let found = try mine(task, Self.variants[variant]).texts
        for (number, query) in task.queries.enumerated() {
            let bound = task.answers[number].map { AngleEncoder.cosine(query, task.documents[$0]) }.min()!
            let ranked = task.documents.indices.filter { !task.excluded[number].contains($0) }
                .map { (task.documents[$0], AngleEncoder.cosine(query, task.documents[$0])) }
                .sorted { $0.1 > $1.1 }
            let window = ranked.prefix(settings.window.upperBound).dropFirst(settings.window.lowerBound)
            let passed = window.filter { _, score in
                score <= bound - (settings.relativeMargin.map { $0 * abs(bound) } ?? -2)
                    && score <= bound - (settings.absoluteMargin ?? -2)
                    && score <= settings.maxScore ?? 1 && score >= settings.minScore ?? -1
            }
            #expect(found[number] == passed.prefix(settings.negatives).map(\.0), "query \(number)")
        }
    }

    /// What sentence-transformers finds, see `fixtures/training/make_mining.py`.
    private struct RecordedCase: Decodable {
        var corpus: [String]
        var pairs: [[String]]
        var settings: [String: Double]
        var negatives: [String: [String]]
    }

    @Test("finds what sentence-transformers finds", arguments: 0..<5)
    func recorded(_ number: Int) throws {
        let cases = try decodeJSONLines(RecordedCase.self, path: SharedData.fixtures + "/training/mining.jsonl")
        try #require(cases.count == 5)
        let recorded = cases[number]
        let task = MiningTask(tuples: recorded.pairs.map { pair($0[0], $0[1]) }, corpus: recorded.corpus)
        let found = try mine(task) { settings in
            settings.negatives = Int(recorded.settings["num_negatives"]!)
            settings.rangeMin = Int(recorded.settings["range_min"] ?? 0)
            settings.rangeMax = Int(recorded.settings["range_max"]!)
            settings.relativeMargin = recorded.settings["relative_margin"]
            settings.absoluteMargin = recorded.settings["absolute_margin"]
            settings.maxScore = recorded.settings["max_score"]
            settings.minScore = recorded.settings["min_score"]
        }.texts
        #expect(task.queries.count == recorded.negatives.count)
        for (query, texts) in zip(task.queries, found) {
            #expect(texts == recorded.negatives[query], "\(query)")
        }
    }

    @Test("a random sample is drawn from the window by the seed alone, and lists the nearest first")
    func randomSampling() throws {
        let task = randomTask
        func sample(seed: UInt64, round: Int = 0) throws -> [[String]] {
            try mine(task, round: round) {
                $0.sampling = .random
                $0.seed = seed
                $0.relativeMargin = nil
                $0.rangeMin = 2
                $0.rangeMax = 22
            }.texts
        }
        let window = try mine(task) {
            $0.negatives = 20
            $0.relativeMargin = nil
            $0.rangeMin = 2
            $0.rangeMax = 22
        }.texts
        let one = try sample(seed: 1)
        #expect(try sample(seed: 1) == one)
        #expect(try sample(seed: 2) != one)
        #expect(try sample(seed: 1, round: 1) != one)
        for (sampled, window) in zip(one, window) {
            #expect(sampled.count == 5 && Set(sampled).count == 5)
            let places = sampled.compactMap { window.firstIndex(of: $0) }
            #expect(places.count == 5 && places == places.sorted())
        }
        // Forty samples of five of twenty that all kept to the first ten would be no samples.
        #expect(zip(one, window).contains { sampled, window in sampled.contains { window.suffix(10).contains($0) } })
    }

    @Test("finds the same with one thread and with two, with a real encoder")
    func threads() throws {
        let encoder = try TextEncoder(model: Tiny.model())
        let task = MiningTask(tuples: Tiny.tuples)
        var settings = MiningSettings()
        settings.relativeMargin = nil
        let miner = try HardNegativeMiner(settings)
        func run() throws -> MinedNegatives? { try miner.mine(task, encoder: encoder) }
        let one = try ThreadPool.withWidth(1, run)
        let two = try ThreadPool.withWidth(2, run)
        #expect(one == two)
        #expect(one?.negatives.contains { !$0.isEmpty } == true)
    }

    // MARK: What it says

    @Test("says how many queries got too few, and what took their documents away")
    func reasons() throws {
        let tuples = [
            // All of the corpus is nearer than its answer allows.
            pair("near@0", "answer@60"),
            // All of the corpus is too far.
            pair("far@190", "reply@191"),
            // Enough is left.
            pair("fine@0", "word@1"),
        ]
        let task = MiningTask(tuples: tuples, corpus: ["a@5", "b@10", "c@15", "d@20", "e@25", "f@30"])
        let mined = try mine(task) {
            $0.minScore = 0.1
            $0.negatives = 4
        }.mined
        #expect(mined.summary.short == [.relativeMargin: 1, .minScore: 1])
        #expect(mined.summary.shortQueries == 2)
        #expect(mined.summary.queries == 3 && mined.summary.wanted == 4)
        #expect(mined.summary.found == mined.negatives.reduce(0) { $0 + $1.count })
        #expect(mined.summary.json["short_because"] == ["relative_margin": 1, "min_score": 1])
    }

    @Test("tells its progress up to the end, and stops when it is asked to")
    func progress() throws {
        let task = randomTask
        var last = (0, 0)
        _ = try HardNegativeMiner().mine(task, encoder: AngleEncoder(), progress: { last = ($0, $1) })
        #expect(last == (240, 240))
        #expect(try HardNegativeMiner().mine(task, encoder: AngleEncoder(), isCancelled: { true }) == nil)
        var questions = 0
        let stopped = try HardNegativeMiner().mine(
            task, encoder: AngleEncoder(),
            isCancelled: {
                questions += 1
                return questions == 2
            })
        #expect(stopped == nil)
    }

    static let impossible: [(message: String, change: @Sendable (inout MiningSettings) -> Void)] = [
        ("negatives is 0", { $0.negatives = 0 }),
        ("range-min is -1", { $0.rangeMin = -1 }),
        ("range-min is \(Int.max)", { $0.rangeMin = .max }),
        (
            "range-max is 6",
            {
                $0.rangeMin = 2
                $0.rangeMax = 6
            }
        ),
        ("range-max is \(Int.min)", { $0.rangeMax = .min }),
        ("absolute-margin is -0.1", { $0.absoluteMargin = -0.1 }),
        ("relative-margin is nan", { $0.relativeMargin = .nan }),
        ("max-score is 1.5", { $0.maxScore = 1.5 }),
        (
            "min-score is 0.5",
            {
                $0.minScore = 0.5
                $0.maxScore = 0.4
            }
        ),
    ]

    @Test("refuses settings that make no sense, by their names", arguments: impossible.indices)
    func impossibleSettings(_ index: Int) throws {
        var settings = MiningSettings()
        Self.impossible[index].change(&settings)
        let error = try #require(failure { _ = try HardNegativeMiner(settings) })
        #expect(error.description.hasPrefix(Self.impossible[index].message), "\(error)")
    }

    // MARK: Data sets

    @Test("puts judgements of grade 0 into the split of a retrieval set, which training reads as negatives")
    func retrievalSet() throws {
        let corpus = ["a@10", "b@40", "c@50", "d@60", "e@170"].enumerated().map {
            Passage(id: "d\($0)", text: $1)
        }
        let queries = [
            Query(id: "q", text: "q@0"), Query(id: "again", text: "Q@0"), Query(id: "r", text: "r@180"),
            Query(id: "unjudged", text: "u@90"),
        ]
        let set = DataSet(
            corpus: corpus, queries: queries,
            judgements: [
                "train": ["q": ["d0": 1, "d4": 0], "again": ["d0": 2]], "test": ["r": ["d4": 1], "q": ["d2": 1]],
            ])
        let task = try MiningTask(.retrieval(set), path: "set")
        let (texts, mined) = try mine(task)
        #expect(texts == [["b@40", "d@60"]])

        let folder = try TemporaryFolder()
        try DataSetWriter.write(mined.added(to: .retrieval(set), split: "train", of: task), to: folder.file("out"))
        guard case .retrieval(let read) = try DataSet.open(folder.file("out")) else {
            Issue.record("no retrieval set")
            return
        }
        #expect(read.corpus == corpus && read.queries == queries)
        #expect(read.judgements["test"] == set.judgements["test"])
        #expect(
            read.judgements["train"] == [
                "q": ["d0": 1, "d1": 0, "d3": 0, "d4": 0], "again": ["d0": 2, "d1": 0, "d3": 0],
            ])
        #expect(
            try read.trainingTuples(split: "train").map(\.negatives) == [["b@40", "d@60", "e@170"], ["b@40", "d@60"]])
    }

    @Test("puts negatives behind those that tuples had")
    func tupleSet() throws {
        let kind = DataSetKind.tuples([
            "train": [pair("q@0", "a@10", "n@11"), pair("r@90", "b@80")], "dev": [pair("q@0", "c@5")],
        ])
        let task = try MiningTask(kind, path: "set")
        let mined = try mine(task).mined
        let folder = try TemporaryFolder()
        try DataSetWriter.write(mined.added(to: kind, split: "train", of: task), to: folder.file("out"))
        let expected = DataSetKind.tuples([
            "train": [pair("q@0", "a@10", "n@11", "b@80"), pair("r@90", "b@80", "a@10")], "dev": [pair("q@0", "c@5")],
        ])
        #expect(try DataSet.open(folder.file("out")) == expected)
    }

    @Test("refuses data without pairs, and a split that is not there")
    func unfitData() throws {
        #expect(
            errorMessage { try MiningTask(.scoredPairs(["train": []]), path: "x") }
                == "x is not a data set: pairs of an anchor and a positive text were expected")
        #expect(
            errorMessage { try MiningTask(.tuples(["dev": []]), path: "x") }
                == "x has no split \"train\": it has dev")
        let empty = DataSet(corpus: [Passage(id: "d", text: "d")], queries: [], judgements: ["train": [:]])
        #expect(errorMessage { try MiningTask(.retrieval(empty), path: "x") } == "x holds no pairs in \"train\"")
    }
}
