internal import Evaluation
public import Files
public import LowRank
internal import VectorIndex
public import VectorMath

/// Vectors of the same texts in two spaces.
public struct VectorsInTwoSpaces: Sendable {
    /// By the encoder that embedded the index, `[N, D]`.
    public let old: Matrix<Float>
    /// By the one that is to follow it, `[N, E]`.
    public let new: Matrix<Float>

    /// Vectors; rows must agree.
    public init(old: Matrix<Float>, new: Matrix<Float>) {
        precondition(old.rows == new.rows, "\(old.rows) vectors in one space and \(new.rows) in the other")
        (self.old, self.new) = (old, new)
    }

    /// Those of some rows.
    func rows(_ rows: [Int]) -> VectorsInTwoSpaces {
        VectorsInTwoSpaces(old: gathered(old, rows), new: gathered(new, rows))
    }

    /// These, and others below them.
    func adding(_ other: VectorsInTwoSpaces) -> VectorsInTwoSpaces {
        func joined(_ a: Matrix<Float>, _ b: Matrix<Float>) -> Matrix<Float> {
            var all = Matrix<Float>(uninitializedRows: a.rows + b.rows, columns: a.columns)
            all.setRows(from: 0, to: a.view)
            all.setRows(from: a.rows, to: b.view)
            return all
        }
        return VectorsInTwoSpaces(old: joined(old, other.old), new: joined(new, other.new))
    }
}

/// How much of what re-embedding would find a bridge finds.
public struct BridgeRecall: Sendable, Equatable {
    /// The mean part of the ten nearest of the new space that are among the ten found across the bridge.
    public let recall: Double
    /// What lies within 95 % of bootstrap samples of the queries.
    public let interval: ClosedRange<Double>
    /// The same without a bridge: the part that old queries find in the old index. Nobody gains from a bridge that is below it.
    public let withoutBridge: Double
    /// Held-out queries, which neither the map nor its choice has seen.
    public let queries: Int
    /// Documents that were searched.
    public let documents: Int

    /// How many neighbours are compared.
    public static let depth = 10

    /// As records have it.
    public var json: JSONValue {
        [
            "recall@10": .number(recall), "low": .number(interval.lowerBound), "high": .number(interval.upperBound),
            "old_queries": .number(withoutBridge), "queries": .integer(Int64(queries)),
            "documents": .integer(Int64(documents)),
        ]
    }
}

/// A map of queries, a map of stored documents, and what to expect of each.
public struct BuiltBridge: Sendable {
    /// From the new space to the old: new queries search the old index.
    public let queries: Bridge
    /// What that finds.
    public let queryRecall: BridgeRecall
    /// From the old space to the new: stored vectors become such that new queries search.
    public let documents: Bridge
    /// What that finds.
    public let documentRecall: BridgeRecall
}

/// Builds bridges between an index that is there and the encoder that is to follow its own, until everything is re-embedded.
///
/// The maps are fitted to documents and eight tenths of the queries; a tenth chooses between forms, ranks and penalties, by what is found
/// across each; the last tenth states what to expect. A map of queries is then trained further, to find what the new space's
/// neighbours of the fitted queries are among the old vectors: being near is not the same as finding the same.
public struct BridgeBuilder: Sendable {
    private let documents: VectorsInTwoSpaces
    private let fit: VectorsInTwoSpaces
    private let fitQueries: VectorsInTwoSpaces
    private let seed: UInt64
    private let choosing: VectorsInTwoSpaces
    private let stating: VectorsInTwoSpaces
    private let oldIndex: ExactSnapshot
    private let newIndex: ExactSnapshot

    /// The fewest queries of which two tenths say anything.
    public static let fewestQueries = 20

    /// - Parameters:
    ///   - documents: what is searched, in both spaces: all of an index, or a sample of it.
    ///   - queries: texts like those that will be asked.
    ///   - seed: decides which queries fit, choose and state.
    /// - Throws: `unfitData` where there are fewer than 20 queries, or fewer documents than neighbours.
    public init(
        documents: VectorsInTwoSpaces, queries: VectorsInTwoSpaces, seed: UInt64 = 0
    ) throws(TrainingError) {
        guard queries.old.rows >= Self.fewestQueries, documents.old.rows > BridgeRecall.depth else {
            throw .lowRank(
                .unfitData(
                    what: "a bridge",
                    reason: "\(queries.old.rows) queries and \(documents.old.rows) documents, "
                        + "at least \(Self.fewestQueries) and \(BridgeRecall.depth + 1) expected"))
        }
        var order = Array(0..<queries.old.rows)
        var random = RandomGenerator(seed: seed, stream: 4)
        random.shuffle(&order)
        let tenth = max(1, order.count / 10)
        choosing = queries.rows(Array(order[..<tenth]))
        stating = queries.rows(Array(order[tenth..<2 * tenth]))
        self.documents = documents
        fitQueries = queries.rows(order[(2 * tenth)...].sorted())
        fit = documents.adding(fitQueries)
        self.seed = seed
        oldIndex = try Self.index(documents.old)
        newIndex = try Self.index(documents.new)
    }

    /// Fits and measures both maps.
    ///
    /// - Parameter isCancelled: asked between maps.
    public func build(isCancelled: () -> Bool = { false }) throws(TrainingError) -> BuiltBridge {
        let truth = try neighbours(choosing.new, in: newIndex)
        func found(by bridge: Bridge) throws(TrainingError) -> Double {
            let found = try neighbours(bridge.head(choosing.new.view), in: oldIndex)
            return Self.mean(Self.parts(of: truth, in: found))
        }
        let closed = try choose(from: fit.new, to: fit.old, isCancelled, by: found)
        let trained = try train(behind: closed.bridge, isCancelled)
        let ofQueries = try found(by: trained) > closed.score ? trained : closed.bridge
        let ofDocuments = try choose(from: fit.old, to: fit.new, isCancelled) { (bridge) throws(TrainingError) in
            let found = try neighbours(choosing.new, in: Self.index(bridge.head(documents.old.view)))
            return Self.mean(Self.parts(of: truth, in: found))
        }.bridge
        let answers = try neighbours(stating.new, in: newIndex)
        let without = Self.mean(Self.parts(of: answers, in: try neighbours(stating.old, in: oldIndex)))
        let across = try neighbours(ofQueries.head(stating.new.view), in: oldIndex)
        let stored = try neighbours(stating.new, in: Self.index(ofDocuments.head(documents.old.view)))
        return BuiltBridge(
            queries: ofQueries, queryRecall: recall(Self.parts(of: answers, in: across), without: without),
            documents: ofDocuments, documentRecall: recall(Self.parts(of: answers, in: stored), without: without))
    }

    private func choose(
        from x: Matrix<Float>, to y: Matrix<Float>, _ isCancelled: () -> Bool,
        by score: (Bridge) throws(TrainingError) -> Double
    ) throws(TrainingError) -> (bridge: Bridge, score: Double) {
        let candidates = try wrapLowRank { () throws(LowRankError) in try Bridge.candidates(from: x.view, to: y.view) }
        let (best, scores) = try Bridge.choosing(among: candidates) { (bridge) throws(TrainingError) in
            if isCancelled() { throw .interrupted(step: 0, checkpoint: nil) }
            return try score(bridge)
        }
        return (best, scores.max() ?? 0)
    }

    /// The nearest in the new space, of which each is an answer of its query; the others are no negatives.
    private static let answers = 3

    /// A map behind another one that draws queries to the old vectors of what is near them in the new space.
    private func train(behind closed: Bridge, _ isCancelled: () -> Bool) throws(TrainingError) -> Bridge {
        let answers = try nearest(fitQueries.new, in: newIndex)
        var unit = documents.old
        _ = normalizeRows(&unit)
        let rows = answers.enumerated().flatMap { query, near in
            near.prefix(Self.answers).map { document in
                HeadData.Row(
                    query: query, document: document, negatives: [], masked: near.filter { $0 != document }.sorted())
            }
        }
        var settings = HeadTrainingSettings()
        (settings.batchSize, settings.epochs, settings.patience, settings.seed) = (128, 10, 2, seed)
        let fitting = try HeadFitting(
            HeadData(queries: closed.map(fitQueries.new.view), documents: unit, rows: rows), settings)
        let outcome = try fitting.run(isCancelled: isCancelled)
        guard let map = outcome.head.map else { preconditionFailure("a linear head without a map") }
        return Bridge(form: .trained, map: map.after(closed.map))
    }

    private func recall(_ parts: [Double], without: Double) -> BridgeRecall {
        BridgeRecall(
            recall: Self.mean(parts), interval: bootstrapInterval(parts), withoutBridge: without,
            queries: parts.count, documents: documents.old.rows)
    }

    private static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

    private static func index(_ vectors: Matrix<Float>) throws(TrainingError) -> ExactSnapshot {
        do throws(VectorIndexError) {
            let index = ExactIndex(dimension: vectors.columns, metric: .cosine)
            try index.add(ids: (0..<UInt64(vectors.rows)).map { $0 }, vectors: vectors.view)
            try index.commit()
            return index.snapshot()
        } catch {
            throw .lowRank(.unfitData(what: "a bridge", reason: error.description))
        }
    }

    private func neighbours(_ queries: Matrix<Float>, in index: ExactSnapshot) throws(TrainingError) -> [Set<Int>] {
        try nearest(queries, in: index).map { Set($0) }
    }

    /// The numbers of the documents, nearer first.
    private func nearest(_ queries: Matrix<Float>, in index: ExactSnapshot) throws(TrainingError) -> [[Int]] {
        do throws(VectorIndexError) {
            return try index.search(queries.view, k: BridgeRecall.depth).map { $0.map { Int($0.id) } }
        } catch {
            throw .lowRank(.unfitData(what: "a bridge", reason: error.description))
        }
    }

    /// For each query the part of `truth` that was found.
    private static func parts(of truth: [Set<Int>], in found: [Set<Int>]) -> [Double] {
        zip(truth, found).map { Double($0.intersection($1).count) / Double(max(1, $0.count)) }
    }
}
