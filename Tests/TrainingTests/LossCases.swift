import Files
import TestSupport
import VectorMath

@testable import Training

/// Tensors and what sentence-transformers' own losses say of them; see fixtures/training/record_losses.py.
struct RecordedLosses: Decodable {
    struct Case: Decodable {
        let loss: Double
        let gradients: [[Float]]
        let weights, weightGradients: [[Float]]?
        let bias, biasGradients: [Float]?
    }

    /// Rows 0..<6 are anchors or first texts, 6..<12 positives or second texts, 12..<18 and 18..<24 hard negatives.
    let table, guide: [[Float]]
    let scores, binary: [Double]
    let classes: [Int]
    let labels: [Int32]
    let teacher: [[Double]]
    let vectors: [[Float]]
    let cases: [String: Case]

    static func read() throws -> RecordedLosses {
        try decodeJSON(RecordedLosses.self, path: SharedData.fixtures + "/training/losses.json")
    }

    /// Tuples with this many hard negatives each.
    func tuples(_ negatives: Int = 0, falseNegatives: FalseNegativeLists = FalseNegativeLists()) -> TupleRows {
        TupleRows(
            anchors: Array(0..<6), positives: Array(6..<12),
            negatives: (0..<6).map { tuple in (0..<negatives).map { 12 + 6 * $0 + tuple } },
            falseNegatives: falseNegatives)
    }

    /// Tuples with what the guide finds too near.
    func guided(_ negatives: Int, _ margin: GuideMask.Margin, _ directions: Set<ContrastDirection>) -> BatchRows {
        let rows = tuples(negatives)
        let guide = GuideMask(vectors: Matrix(rowsOf: guide), rows: Array(0..<24), margin: margin)
        return .tuples(
            tuples(
                negatives,
                falseNegatives: guide.lists(
                    anchors: rows.anchors, candidates: rows.candidates, directions: directions)))
    }

    func pairs(_ scores: [Double]) -> BatchRows {
        .scoredPairs(ScoredPairRows(first: Array(0..<6), second: Array(6..<12), scores: scores))
    }

    func taught(_ negatives: Int) -> BatchRows {
        .scoredTuples(
            ScoredTupleRows(tuples: tuples(negatives), scores: teacher.map { Array($0.prefix(negatives + 1)) }))
    }

    var labelled: BatchRows { .labelledTexts(LabelledRows(texts: Array(0..<12), labels: labels)) }

    /// Every recorded case under its name.
    func all() -> [String: (loss: any EmbeddingLoss, rows: BatchRows)] {
        typealias Ranking = MultipleNegativesRankingLoss
        let both: Set<ContrastDirection> = [.queryToDocument, .documentToQuery]
        let three: Set<ContrastDirection> = [.queryToDocument, .queryToQuery, .documentToDocument]
        let every = Set(ContrastDirection.allCases)
        var all: [String: (any EmbeddingLoss, BatchRows)] = [
            "mnrl": (Ranking(), .tuples(tuples())), "mnrl hard": (Ranking(), .tuples(tuples(2))),
            "mnrl all directions": (Ranking(directions: every), .tuples(tuples())),
            "mnrl all directions hard": (Ranking(directions: every), .tuples(tuples(2))),
            "mnrl both joint": (Ranking(directions: both), .tuples(tuples(1))),
            "mnrl both apart": (Ranking(directions: both, partition: .perDirection), .tuples(tuples(1))),
            "mnrl queries": (Ranking(directions: [.queryToDocument, .queryToQuery]), .tuples(tuples(1))),
            "mnrl hardness in batch": (
                Ranking(hardness: .init(.inBatchNegatives, strength: 9)), .tuples(tuples(1))
            ),
            "mnrl hardness hard": (Ranking(hardness: .init(.hardNegatives, strength: 5)), .tuples(tuples(2))),
            "mnrl hardness all": (
                Ranking(directions: every, hardness: .init(.allNegatives, strength: 3)), .tuples(tuples(1))
            ),
            "gist": (GISTEmbedLoss(scale: 20), guided(0, .absolute(0), three)),
            "gist hard": (GISTEmbedLoss(scale: 20), guided(1, .absolute(0), three)),
            "gist margin": (GISTEmbedLoss(scale: 20), guided(1, .absolute(0.1), three)),
            "gist relative": (GISTEmbedLoss(scale: 20), guided(1, .relative(0.1), three)),
            "gist below": (
                GISTEmbedLoss(scale: 20, contrastsAnchors: false, contrastsPositives: false),
                guided(1, .absolute(-0.2), [.queryToDocument])
            ),
            "gist queries alone": (
                GISTEmbedLoss(scale: 20, contrastsAnchors: false, contrastsPositives: false),
                guided(0, .absolute(0), [.queryToDocument])
            ),
            "triplet cosine": (TripletLoss(.cosine, margin: 0.3), .tuples(tuples(1))),
            "triplet euclidean": (TripletLoss(.euclidean, margin: 1), .tuples(tuples(1))),
            "triplet manhattan": (TripletLoss(.manhattan, margin: 2), .tuples(tuples(1))),
            "contrastive cosine": (ContrastiveLoss(.cosine, margin: 0.5), pairs(binary)),
            "contrastive degree": (ContrastiveLoss(.cosine, margin: 0.8), pairs(scores)),
            "contrastive euclidean": (ContrastiveLoss(.euclidean, margin: 3), pairs(binary)),
            "contrastive manhattan": (ContrastiveLoss(.manhattan, margin: 6), pairs(binary)),
            "online-contrastive cosine": (OnlineContrastiveLoss(.cosine, margin: 0.5), pairs(binary)),
            "online-contrastive euclidean": (OnlineContrastiveLoss(.euclidean, margin: 3), pairs(binary)),
            "online-contrastive one kind": (
                OnlineContrastiveLoss(.cosine, margin: 0.5), pairs(Array(repeating: 1, count: 6))
            ),
            "cosine": (CosineSimilarityLoss(), pairs(scores)), "cosent": (CoSENTLoss(), pairs(scores)),
            "angle": (AnglELoss(), pairs(scores)),
            "mse": (
                MSELoss(), .taughtTexts(TaughtRows(texts: Array(0..<6), vectors: Matrix(rowsOf: vectors).view))
            ),
            "margin-mse dot": (MarginMSELoss(.dot), taught(2)),
            "margin-mse cosine": (MarginMSELoss(.cosine), taught(2)),
            "margin-mse one": (MarginMSELoss(.dot), taught(1)),
            "kl dot": (KLDivergenceLoss(.dot), taught(2)),
            "kl cosine": (KLDivergenceLoss(.cosine, temperature: 0.5), taught(2)),
            "matryoshka mnrl": (
                MatryoshkaLoss(Ranking(), dimensions: [2, 8, 4], weights: [0.25, 1, 0.5]), .tuples(tuples(1))
            ),
            "matryoshka cosent": (
                MatryoshkaLoss(CoSENTLoss(), dimensions: [8, 4, 2], weights: [1, 0.5, 0.25]), pairs(scores)
            ),
        ]
        for (name, measure, margin) in [("cosine", VectorMeasure.cosine, 0.3), ("euclidean", .euclidean, 1)] {
            all["batch-hard \(name)"] = (BatchHardTripletLoss(measure, margin: margin), labelled)
            all["batch-semi-hard \(name)"] = (BatchSemiHardTripletLoss(measure, margin: margin), labelled)
            all["batch-all \(name)"] = (BatchAllTripletLoss(measure, margin: margin), labelled)
            all["batch-hard-soft-margin \(name)"] = (BatchHardSoftMarginTripletLoss(measure), labelled)
        }
        if let softmax = cases["softmax"], let weights = softmax.weights, let bias = softmax.bias {
            let loss = SoftmaxLoss(weights: Matrix(rowsOf: weights), bias: Matrix(rowsOf: [bias]))
            let rows = ClassifiedPairRows(first: Array(0..<6), second: Array(6..<12), classes: classes)
            all["softmax"] = (loss, .classifiedPairs(rows))
        }
        return all
    }
}

extension GuideMask {
    /// A guide of vectors of any length.
    init(vectors: Matrix<Float>, rows: [Int], margin: Margin) {
        self.init(unit: UnitRows(vectors.view).unit, rows: rows, margin: margin)
    }
}
