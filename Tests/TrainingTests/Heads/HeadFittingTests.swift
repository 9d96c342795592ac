import Files
import LowRank
import TestSupport
import Testing
import VectorMath

@testable import Training

/// `fixtures/heads/heads.json`: what PyTorch computes.
struct RecordedHeads {
    let json: JSONValue

    init() throws { json = try JSONValue.read(SharedData.fixtures + "/heads/heads.json") }

    func matrix(_ value: JSONValue?) -> Matrix<Float> {
        Matrix(rowsOf: (value?.arrayValue ?? []).map { ($0.arrayValue ?? []).map { Float($0.doubleValue ?? .nan) } })
    }

    func matrices(_ value: JSONValue?) -> [Matrix<Float>] { (value?.arrayValue ?? []).map { matrix($0) } }

    var own: [Int] { (json["own"]?.arrayValue ?? []).compactMap(\.intValue) }
    var masked: [[Int]] {
        (json["masked"]?.arrayValue ?? []).map { ($0.arrayValue ?? []).compactMap(\.intValue) }
    }

    func head(_ kind: EmbeddingHead.Kind) throws -> EmbeddingHead {
        let m = matrices(json["heads"]?[kind.rawValue]?["matrices"])
        return switch kind {
        case .linear: EmbeddingHead(AffineMap(weight: m[0], bias: m[1].row(0)))
        case .lowRank: EmbeddingHead(down: m[0], up: m[1], bias: m[2].row(0))
        case .twoLayer:
            EmbeddingHead(
                first: AffineMap(weight: m[0], bias: m[1].row(0)), second: AffineMap(weight: m[2], bias: m[3].row(0)))
        }
    }
}

/// Normal values.
func normalMatrix(_ rows: Int, _ columns: Int, seed: UInt64, scale: Float = 1) -> Matrix<Float> {
    var generator = RandomGenerator(seed: seed)
    return Matrix(
        rows: rows, columns: columns, elements: (0..<rows * columns).map { _ in generator.normal() * scale })
}

/// Normal directions.
func unitMatrix(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix<Float> {
    var matrix = normalMatrix(rows, columns, seed: seed)
    _ = normalizeRows(&matrix)
    return matrix
}

@Suite("Fitting heads")
struct HeadFittingTests {
    /// Both sides compute in float32.
    static let recorded = Tolerance(absolute: 2e-6, relative: 2e-5)
    /// Four steps of AdamW, whose first ones have the size of the learning rate whatever the gradient.
    static let trained = Tolerance(absolute: 2e-5, relative: 1e-4)
    /// A central difference of float32 sums.
    static let differences = Tolerance(absolute: 2e-3, relative: 2e-2)

    // MARK: The loss

    @Test(
        "the loss against frozen documents has PyTorch's value, and heads its gradients",
        arguments: EmbeddingHead.Kind.allCases)
    func pytorch(kind: EmbeddingHead.Kind) throws {
        let file = try RecordedHeads()
        let expected = try #require(file.json["heads"]?[kind.rawValue])
        let (head, x) = (try file.head(kind), file.matrix(file.json["queries"]))
        let (output, saved) = head.forward(x.view)
        let documents = file.matrix(file.json["candidates"])
        let (loss, derivative) = FrozenDocumentSoftmax(scale: 20).evaluate(
            output.view, documents: documents.view, own: file.own, masked: file.masked)
        #expect(Self.recorded.accepts(loss, try #require(expected["loss"]?.doubleValue)))
        let gradients = head.backward(derivative.view, x.view, saved)
        let recorded = file.matrices(expected["gradients"])
        #expect(recorded.count == gradients.count)
        for (found, expected) in zip(gradients, recorded) {
            #expect(difference(found.elements(), expected.elements(), within: Self.recorded) == nil)
        }
    }

    @Test("the loss is that of the whole trainer where both see the same documents")
    func sameAsRankingLoss() {
        let (queries, documents) = (normalMatrix(5, 12, seed: 1), unitMatrix(9, 12, seed: 2))
        let own = [0, 4, 8, 2, 2]
        let masked = [[1, 3], [], [0], [5], []]
        let (loss, gradients) = FrozenDocumentSoftmax(scale: 20).evaluate(
            queries.view, documents: documents.view, own: own, masked: masked)
        // All documents are hard negatives of the first tuple: everybody is held against them; answers come once more as positives.
        var table = Matrix<Float>(rows: 14, columns: 12)
        table.setRows(from: 0, to: queries.view)
        table.setRows(from: 5, to: documents.view)
        let copies = (0..<5).map { row in (0..<5).filter { $0 != row } + masked[row].map { 5 + $0 } + [5 + own[row]] }
        let value = MultipleNegativesRankingLoss(scale: 20).evaluate(
            EmbeddingBatch(
                embeddings: table.view, anchors: [0, 1, 2, 3, 4], positives: own.map { 5 + $0 },
                negatives: [Array(5..<14), [], [], [], []], falseNegatives: copies.map { $0.sorted() }))
        #expect(Self.recorded.accepts(loss, value.loss))
        #expect(
            difference(
                gradients.elements(), Matrix(copying: value.gradients[rows: 0..<5]).elements(), within: Self.recorded)
                == nil)
    }

    @Test("the gradient by the queries is that of differences")
    func differences() {
        let (queries, documents) = (normalMatrix(3, 6, seed: 3), unitMatrix(7, 6, seed: 4))
        func loss(_ queries: Matrix<Float>) -> (loss: Double, gradients: Matrix<Float>) {
            FrozenDocumentSoftmax(scale: 5).evaluate(
                queries.view, documents: documents.view, own: [1, 6, 0], masked: [[0], [], [2, 3]])
        }
        let gradients = loss(queries).gradients
        for row in 0..<3 {
            for column in 0..<6 {
                var (above, below) = (queries, queries)
                above[row, column] += 1e-2
                below[row, column] -= 1e-2
                let slope = (loss(above).loss - loss(below).loss) / 2e-2
                #expect(Self.differences.accepts(Double(gradients[row, column]), slope))
            }
        }
    }

    // MARK: The loop

    /// Row i asks for document `own[i]`.
    private func data(
        _ queries: Matrix<Float>, _ documents: Matrix<Float>, own: [Int], masked: [[Int]]? = nil,
        negatives: [[Int]]? = nil
    ) -> HeadData {
        HeadData(
            queries: queries, documents: documents,
            rows: own.indices.map {
                HeadData.Row(
                    query: $0, document: own[$0], negatives: negatives?[$0] ?? [], masked: masked?[$0] ?? [])
            })
    }

    @Test("four steps of AdamW from the same start give PyTorch's matrices", arguments: EmbeddingHead.Kind.allCases)
    func optimizer(kind: EmbeddingHead.Kind) throws {
        let file = try RecordedHeads()
        var settings = HeadTrainingSettings()
        settings.kind = kind
        settings.rank = 3
        settings.hidden = 5
        settings.heldOut = 0
        settings.batchSize = 6
        settings.epochs = 4
        settings.learningRate = 0.02
        settings.schedule = .constant
        settings.warmup = 0
        settings.weightDecay = 0.1
        let data = data(
            file.matrix(file.json["queries"]), file.matrix(file.json["candidates"]), own: file.own, masked: file.masked)
        let outcome = try HeadFitting(data, settings, first: try file.head(kind)).run()
        #expect(outcome.steps == 4 && outcome.epochs == 4 && outcome.keptEpoch == 4)
        let expected = file.matrices(file.json["heads"]?[kind.rawValue]?["trained"])
        for (found, expected) in zip(outcome.head.matrices, expected) {
            #expect(difference(found.elements(), expected.elements(), within: Self.trained) == nil)
        }
        #expect(try outcome.head != file.head(kind))
    }

    /// Queries that a linear map leads to their documents.
    private func planted(_ count: Int, width: Int = 16) throws -> HeadData {
        let documents = unitMatrix(count, width, seed: 5)
        var mixing = AffineMap.identity(width).weight
        add(normalMatrix(width, width, seed: 6, scale: 0.3).view, to: &mixing)
        var queries = AffineMap(weight: mixing)(documents.view)
        add(normalMatrix(count, width, seed: 7, scale: 0.02).view, to: &queries)
        _ = normalizeRows(&queries)
        return data(queries, documents, own: Array(0..<count))
    }

    private func settings(_ kind: EmbeddingHead.Kind) -> HeadTrainingSettings {
        var settings = HeadTrainingSettings()
        settings.kind = kind
        settings.rank = 16
        settings.hidden = 64
        settings.learningRate = kind == .twoLayer ? 2e-3 : 1e-2
        settings.epochs = 30
        settings.batchSize = 32
        return settings
    }

    @Test(
        "held-out queries are found better behind a head that was trained on others",
        arguments: EmbeddingHead.Kind.allCases)
    func learns(kind: EmbeddingHead.Kind) throws {
        let outcome = try HeadFitting(planted(400), settings(kind)).run()
        let (before, best) = (try #require(outcome.before), try #require(outcome.best))
        #expect(before < 0.8 && best > before + 0.1, "\(kind): \(before) to \(best)")
        #expect(outcome.keptEpoch > 0 && outcome.heldOutQueries == 40)
    }

    @Test("ridge regression is a start that is better than none", arguments: [EmbeddingHead.Kind.linear, .lowRank])
    func ridgeStart(kind: EmbeddingHead.Kind) throws {
        var settings = settings(kind)
        settings.start = .ridge
        settings.maxSteps = 1
        let outcome = try HeadFitting(planted(400), settings).run()
        #expect(try #require(outcome.started) > (try #require(outcome.before)) + 0.05)
        #expect(try #require(outcome.best) >= (try #require(outcome.started)))
    }

    @Test("where there is nothing to learn, the head that is kept changes nothing, and training ends early")
    func noise() throws {
        let (queries, documents) = (unitMatrix(200, 16, seed: 8), unitMatrix(200, 16, seed: 9))
        // Documents near their queries already, and answers of the training queries drawn by chance.
        var near = queries
        add(documents.view, to: &near, scale: 0.3)
        _ = normalizeRows(&near)
        let honest = data(queries, near, own: Array(0..<200))
        let heldOut = Set(honest.split(heldOut: 0.1, seed: 0).heldOut)
        let data = data(queries, near, own: (0..<200).map { heldOut.contains($0) ? $0 : ($0 * 7 + 3) % 200 })
        var settings = settings(.linear)
        settings.patience = 3
        let outcome = try HeadFitting(data, settings).run()
        #expect(outcome.keptEpoch == 0 && outcome.epochs == 3 && outcome.best == outcome.before)
        let mapped = outcome.head(queries.view)
        #expect(largestDifference(mapped.elements(), queries.elements()) < 1e-6)
    }

    @Test(
        "the same settings give the same bits on one thread and on two",
        arguments: [HeadTrainingSettings.Negatives.all, .inBatch])
    func threads(negatives: HeadTrainingSettings.Negatives) throws {
        var settings = settings(.lowRank)
        settings.negatives = negatives
        settings.epochs = 2
        let data = try planted(1500, width: 48)
        func run(_ threads: Int) throws -> EmbeddingHead {
            try ThreadPool.withWidth(threads) { try HeadFitting(data, settings).run().head }
        }
        let one = try run(1)
        #expect(try run(2) == one && run(3) == one)
        settings.seed = 1
        #expect(try run(2) != one)
    }

    @Test("documents of the batch alone make another loss than all documents")
    func negatives() throws {
        var first: [Double] = []
        for negatives in HeadTrainingSettings.Negatives.allCases {
            var settings = settings(.linear)
            settings.negatives = negatives
            settings.maxSteps = 1
            try HeadFitting(planted(200), settings).run { first.append($0.loss) }
        }
        #expect(first.count == 2 && first[0] > first[1] + 0.5)
    }

    @Test("what is masked is no negative, in the batch or among all documents")
    func masks() throws {
        // Two documents are copies: without the mask, each query is torn between them.
        var documents = unitMatrix(4, 8, seed: 10)
        documents.setRow(1, to: documents.row(0))
        let queries = Matrix(copying: documents.view)
        for negatives in HeadTrainingSettings.Negatives.allCases {
            var settings = settings(.linear)
            settings.negatives = negatives
            settings.heldOut = 0
            settings.batchSize = 4
            settings.maxSteps = 1
            var losses: [Double] = []
            for masked in [[[1], [0], [], []], [[], [], [], []]] {
                let data = data(queries, documents, own: [0, 1, 2, 3], masked: masked)
                try HeadFitting(data, settings).run { losses.append($0.loss) }
            }
            #expect(losses[1] - losses[0] > 0.3, "\(negatives): \(losses)")
        }
    }

    @Test("hard negatives take part among the documents of a batch")
    func hardNegatives() throws {
        let documents = unitMatrix(40, 8, seed: 11)
        let queries = Matrix(copying: documents[rows: 0..<4])
        var settings = settings(.linear)
        (settings.negatives, settings.heldOut, settings.batchSize, settings.maxSteps) = (.inBatch, 0, 4, 1)
        var losses: [Double] = []
        for negatives in [[[], [], [], []], [Array(4..<40), [], [], []]] {
            let data = data(queries, documents, own: [0, 1, 2, 3], negatives: negatives)
            try HeadFitting(data, settings).run { losses.append($0.loss) }
        }
        #expect(losses[1] > losses[0])
    }

    @Test("no query is both learned from and held out, and a tenth of them is", arguments: [UInt64(0), 9])
    func split(seed: UInt64) {
        let rows = (0..<300).map { HeadData.Row(query: $0 % 100, document: $0, negatives: [], masked: []) }
        let data = HeadData(
            queries: unitMatrix(100, 4, seed: 12), documents: unitMatrix(300, 4, seed: 13), rows: rows)
        let (train, heldOut) = data.split(heldOut: 0.1, seed: seed)
        let asked = Set(heldOut.map { rows[$0].query })
        #expect(asked.count == 10 && heldOut.count == 30 && train.count == 270)
        #expect(train.allSatisfy { !asked.contains(rows[$0].query) })
        #expect(data.split(heldOut: 0, seed: seed).heldOut.isEmpty)
        let few = HeadData(
            queries: unitMatrix(19, 4, seed: 14), documents: unitMatrix(19, 4, seed: 15),
            rows: (0..<19).map { HeadData.Row(query: $0, document: $0, negatives: [], masked: []) })
        #expect(few.split(heldOut: 0.1, seed: seed).heldOut.isEmpty)
    }

    @Test("the held-out score is nDCG@10 as it is defined, masked documents passed over")
    func ranking() {
        // The query is the first axis; documents are ordered by their cosine with it.
        let documents = Matrix<Float>(rowsOf: (0..<14).map { [1 - 0.05 * Float($0), 0.3] })
        let queries = Matrix<Float>(rowsOf: [[1, 0]])
        func score(_ answers: [Int], masked: [Int] = []) -> Double {
            let rows = answers.map { HeadData.Row(query: 0, document: $0, negatives: [], masked: masked) }
            let data = HeadData(queries: queries, documents: documents, rows: rows)
            return HeldOutRanking(Array(rows.indices), of: data).score(nil)
        }
        #expect(score([0]) == 1)
        #expect(abs(score([2]) - 0.5) < 1e-12)
        #expect(abs(score([2], masked: [0]) - 0.6309297535714575) < 1e-12)
        #expect(abs(score([0, 2]) - (1 + 0.5) / (1 + 0.6309297535714575)) < 1e-12)
        #expect(score([12]) == 0)
    }

    @Test("values that are not finite end a run with the step and the rows")
    func notFinite() throws {
        var queries = unitMatrix(4, 8, seed: 16)
        queries[2, 3] = .nan
        var settings = settings(.linear)
        (settings.heldOut, settings.batchSize) = (0, 4)
        let data = data(queries, unitMatrix(4, 8, seed: 17), own: [0, 1, 2, 3])
        let message = errorMessage { try HeadFitting(data, settings).run() }
        #expect(message?.hasPrefix("the loss of step 1 is not a finite number (batch: row ") == true)
    }
}
