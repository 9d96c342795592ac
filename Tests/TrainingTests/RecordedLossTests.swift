import TestSupport
import Testing
import VectorMath

@testable import Training

@Suite("Losses against PyTorch and against their own differences")
struct RecordedLossTests {
    /// Both sides compute in float32.
    static let recorded = Tolerance(absolute: 1e-5, relative: 1e-4)
    /// Steps small enough for the curvature, large enough for float32.
    static let differences = Tolerance(absolute: 1e-2, relative: 2e-2)

    @Test("cover every recorded case, and no other")
    func complete() throws {
        let recorded = try RecordedLosses.read()
        #expect(Set(recorded.all().keys) == Set(recorded.cases.keys))
        #expect(recorded.cases.count >= 45)
    }

    @Test("give sentence-transformers' values and gradients")
    func sentenceTransformers() throws {
        let recorded = try RecordedLosses.read()
        let embeddings = Matrix(rowsOf: recorded.table)
        for (name, (loss, rows)) in recorded.all() {
            let expected = try #require(recorded.cases[name])
            let value = loss.evaluate(EmbeddingBatch(embeddings: embeddings.view, rows: rows))
            #expect(Self.recorded.accepts(value.loss, expected.loss), "\(name): \(value.loss), \(expected.loss)")
            let found = difference(
                value.gradients.elements(), expected.gradients.flatMap(\.self), within: Self.recorded)
            #expect(found == nil, "\(name)")
            #expect(expected.loss > 0.001, "\(name) says nothing")
        }
    }

    @Test("give PyTorch's gradients of the classifier")
    func classifier() throws {
        let recorded = try RecordedLosses.read()
        let expected = try #require(recorded.cases["softmax"])
        let (loss, rows) = try #require(recorded.all()["softmax"])
        let value = loss.evaluate(EmbeddingBatch(embeddings: Matrix(rowsOf: recorded.table).view, rows: rows))
        let (weights, bias) = (try #require(expected.weightGradients), try #require(expected.biasGradients))
        try #require(value.weightGradients.count == 2)
        #expect(
            difference(value.weightGradients[0].elements(), weights.flatMap(\.self), within: Self.recorded) == nil)
        #expect(difference(value.weightGradients[1].elements(), bias, within: Self.recorded) == nil)
    }

    /// Measures that PyTorch's losses were not recorded with, and texts that play several parts.
    private func further(_ recorded: RecordedLosses) -> [String: (loss: any EmbeddingLoss, rows: BatchRows)] {
        let shared = TupleRows(
            anchors: [0, 0, 1, 2, 6], positives: [6, 7, 8, 6, 0], negatives: [[1], [2, 2], [], [7], [12]])
        let labels = BatchRows.labelledTexts(
            LabelledRows(texts: [0, 1, 2, 3, 6, 7, 8, 9, 0], labels: [0, 1, 2, 3, 0, 1, 2, 3, 2]))
        let every = Set(ContrastDirection.allCases)
        var lists = FalseNegativeLists()
        lists[.queryToDocument] = [[1, 3], [], [0], [2, 5], []]
        lists[.documentToQuery] = [[1], [], [3], [], [0]]
        lists[.queryToQuery] = [[1, 2, 3, 4], [0], [], [], []]
        lists[.documentToDocument] = [[], [3], [1, 4, 6], [], [5]]
        let masked = TupleRows(
            anchors: shared.anchors, positives: shared.positives, negatives: shared.negatives, falseNegatives: lists)
        return [
            "shared texts": (MultipleNegativesRankingLoss(directions: every), .tuples(shared)),
            "masked": (MultipleNegativesRankingLoss(directions: every), .tuples(masked)),
            "masked triplets": (TripletLoss(.cosine, margin: 3), .tuples(masked)),
            "shared triplets": (TripletLoss(.manhattan, margin: 30), .tuples(shared)),
            "batch-hard manhattan": (BatchHardTripletLoss(.manhattan, margin: 3), labels),
            "batch-all manhattan": (BatchAllTripletLoss(.manhattan, margin: 30), labels),
            "batch-semi-hard manhattan": (BatchSemiHardTripletLoss(.manhattan, margin: 30), labels),
            "matryoshka batch-hard": (
                MatryoshkaLoss(BatchHardTripletLoss(.euclidean, margin: 3), dimensions: [8, 3]), labels
            ),
            "matryoshka mse": (
                MatryoshkaLoss(MSELoss(), dimensions: [8, 5]),
                .taughtTexts(TaughtRows(texts: [0, 1, 1, 3, 4, 5], vectors: Matrix(rowsOf: recorded.vectors).view))
            ),
        ]
    }

    @Test("have gradients that are the differences of their values")
    func finiteDifferences() throws {
        let recorded = try RecordedLosses.read()
        var cases = recorded.all()
        cases.merge(further(recorded)) { $1 }
        let step: Float = 5e-4
        for (name, (loss, rows)) in cases where !name.contains("hardness") {
            func value(_ table: [[Float]]) -> LossValue {
                loss.evaluate(EmbeddingBatch(embeddings: Matrix(rowsOf: table).view, rows: rows))
            }
            let here = value(recorded.table)
            // Along some directions through all entries at once: every entry takes part, few evaluations are needed.
            var random = RandomGenerator(seed: 3)
            var compared = 0
            for _ in 0..<24 {
                let direction = recorded.table.map { $0.map { _ in random.normal() } }
                func moved(_ by: Float) -> Double {
                    value(zip(recorded.table, direction).map { zip($0, $1).map { $0 + by * $1 } }).loss
                }
                let (above, below) = (moved(step), moved(-step))
                let sides = ((above - here.loss) / Double(step), (here.loss - below) / Double(step))
                // Where both sides differ, a hinge, a sign or a choice of the nearest lies between them.
                guard Self.differences.accepts(sides.0, sides.1) else { continue }
                compared += 1
                let expected = zip(here.gradients.elements(), direction.flatMap(\.self)).reduce(0) {
                    $0 + Double($1.0) * Double($1.1)
                }
                let measured = (above - below) / Double(2 * step)
                #expect(Self.differences.accepts(measured, expected), "\(name): \(measured), \(expected)")
            }
            #expect(compared >= 2, "\(name): only \(compared) smooth directions")
        }
    }

    @Test("give the same bits for any number of threads")
    func threads() throws {
        let recorded = try RecordedLosses.read()
        let embeddings = Matrix(rowsOf: recorded.table)
        for (name, (loss, rows)) in recorded.all() {
            let batch = EmbeddingBatch(embeddings: embeddings.view, rows: rows)
            let alone = ThreadPool.withWidth(1) { loss.evaluate(batch) }
            let together = ThreadPool.withWidth(2) { loss.evaluate(batch) }
            #expect(alone.loss == together.loss && alone.gradients == together.gradients, "\(name)")
        }
    }

    // MARK: Degenerate batches

    @Test("stay finite where vectors are zero or equal")
    func zeroAndEqual() throws {
        let recorded = try RecordedLosses.read()
        let zeros = recorded.table.map { $0.map { _ in Float(0) } }
        var some = recorded.table
        for row in [0, 7, 13] { some[row] = zeros[row] }
        let equal = recorded.table.map { _ in recorded.table[0] }
        for (name, (loss, rows)) in recorded.all().merging(further(recorded), uniquingKeysWith: { $1 }) {
            for table in [zeros, some, equal] {
                let value = loss.evaluate(EmbeddingBatch(embeddings: Matrix(rowsOf: table).view, rows: rows))
                #expect(value.loss.isFinite, "\(name)")
                let isFinite = value.gradients.elements().allSatisfy(\.isFinite)
                #expect(isFinite, "\(name)")
            }
        }
    }

    @Test("stay finite for a lone row, for none, and where all is masked")
    func lone() throws {
        let recorded = try RecordedLosses.read()
        let embeddings = Matrix(rowsOf: recorded.table)
        for (name, (loss, rows)) in recorded.all() {
            for numbers in [[0], []] {
                let value = loss.evaluate(EmbeddingBatch(embeddings: embeddings.view, rows: rows.selecting(numbers)))
                #expect(value.loss.isFinite && value.loss >= 0, "\(name): \(value.loss)")
                let isFinite = value.gradients.elements().allSatisfy(\.isFinite)
                #expect(isFinite, "\(name)")
            }
        }
        var lists = FalseNegativeLists()
        for direction in ContrastDirection.allCases {
            let places = direction.isToQueries ? 6 : 12
            lists[direction] = (0..<6).map { tuple in (0..<places).filter { $0 != tuple } }
        }
        let masked = BatchRows.tuples(recorded.tuples(1, falseNegatives: lists))
        let losses: [any EmbeddingLoss] = [
            MultipleNegativesRankingLoss(), GISTEmbedLoss(), TripletLoss(),
            MultipleNegativesRankingLoss(hardness: .init(.allNegatives, strength: 9)),
        ]
        for loss in losses {
            let value = loss.evaluate(EmbeddingBatch(embeddings: embeddings.view, rows: masked))
            #expect(abs(value.loss) < 1e-6, "\(loss.name): \(value.loss)")
            let isZero = value.gradients.elements().allSatisfy { abs($0) < 1e-6 }
            #expect(isZero, "\(loss.name)")
        }
    }

    @Test("say that something is not finite where an embedding is not", arguments: [Float.nan, .infinity])
    func notFinite(_ bad: Float) throws {
        let recorded = try RecordedLosses.read()
        var table = recorded.table
        for row in [0, 6, 12] { table[row][2] = bad }
        for (name, (loss, rows)) in recorded.all() {
            let value = loss.evaluate(EmbeddingBatch(embeddings: Matrix(rowsOf: table).view, rows: rows))
            let isFinite = value.gradients.elements().allSatisfy(\.isFinite)
            #expect(!value.loss.isFinite || !isFinite, "\(name): \(value.loss)")
        }
    }
}
