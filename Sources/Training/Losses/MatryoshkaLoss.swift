internal import VectorMath

/// Makes the first dimensions of an embedding an embedding of their own: another loss over several prefixes.
///
/// For dimensions `d₁ > d₂ > …` with weights `w` the loss is `Σ wᵢ · L(first dᵢ dimensions)`, every prefix brought to
/// unit length.
///
/// ## What it learns
/// What the loss inside learns, in such a way that an embedding can be cut: to a twelfth of its length with little harm.
///
/// ## Args
/// - `dimensions`: the prefixes, such as 384, 256, 128, 64; the whole width should be one of them.
/// - `weights`: what each counts; 1 by default.
///
/// ## References
/// - Kusupati et al.: Matryoshka Representation Learning, 2022, arXiv:2205.13147.
///
/// ## Requirements
/// 1. Those of the loss inside. A loss with weights of its own cannot be inside.
///
/// ## Inputs
/// Those of the loss inside; a teacher's vectors are cut and brought to unit length as well.
///
/// ## Recommendations
/// - Small indexes: search with few dimensions, rank what was found with all. Cut vectors are to be normalised again.
///
/// ## Relations
/// - sentence-transformers' `MatryoshkaLoss`.
///
/// ## Example
/// ```swift
/// let loss = MatryoshkaLoss(MultipleNegativesRankingLoss(), dimensions: [384, 128, 64])
/// ```
public struct MatryoshkaLoss: EmbeddingLoss {
    /// The loss of each prefix.
    public let loss: any EmbeddingLoss
    /// The lengths of the prefixes, the longest first.
    public let dimensions: [Int]
    /// What each counts, in the order of the dimensions.
    public let weights: [Double]

    public var name: String { loss.name }

    public var needs: LossNeeds { loss.needs }

    /// A loss over prefixes; there must be some, of positive and different lengths, with positive weights.
    public init(_ loss: any EmbeddingLoss, dimensions: [Int], weights: [Double]? = nil) {
        let weights = weights ?? Array(repeating: 1, count: dimensions.count)
        precondition(!dimensions.isEmpty && dimensions.allSatisfy { $0 > 0 }, "a prefix has dimensions")
        precondition(Set(dimensions).count == dimensions.count, "no prefix comes twice")
        precondition(weights.count == dimensions.count, "every prefix has a weight")
        precondition(!(loss is any TrainableLoss), "a loss with weights of its own has one width")
        let ordered = zip(dimensions, weights).sorted { $0.0 > $1.0 }
        self.loss = loss
        self.dimensions = ordered.map(\.0)
        self.weights = ordered.map(\.1)
    }

    /// The loss of a batch and its gradients: as much as that of the loss inside for each prefix.
    public func evaluate(_ batch: EmbeddingBatch) -> LossValue {
        let width = batch.embeddings.columns
        var gradients = Matrix<Float>(rows: batch.embeddings.rows, columns: width)
        var sum = 0.0
        for (dimension, weight) in zip(dimensions, weights) {
            precondition(dimension <= width, "a prefix is longer than the embeddings")
            let prefix = UnitRows(batch.embeddings.columns(0..<dimension))
            let part = loss.evaluate(EmbeddingBatch(embeddings: prefix.unit.view, rows: batch.rows.prefix(dimension)))
            sum += weight * part.loss
            addPrefixes(prefix.gradients(part.gradients), scale: Float(weight), to: &gradients)
        }
        return LossValue(loss: sum, gradients: gradients)
    }
}

extension BatchRows {
    /// The rows with the first dimensions of a teacher's vectors, at unit length.
    fileprivate func prefix(_ count: Int) -> BatchRows {
        guard case .taughtTexts(let taught) = self else { return self }
        let vectors = UnitRows(taught.vectors.columns(0..<count)).unit
        return .taughtTexts(TaughtRows(texts: taught.texts, vectors: vectors.view))
    }
}
