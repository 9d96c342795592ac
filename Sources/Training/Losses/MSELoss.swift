public import VectorMath

/// Makes vectors those of a teacher: the mean squared error of all their numbers.
///
///     L = mean over texts and dimensions of (embedding − teacher's)²
///
/// ## What it learns
/// A teacher's embedding space: of a larger model, or of another language's texts.
///
/// ## Args
/// None.
///
/// ## References
/// - Reimers, Gurevych: Making Monolingual Sentence Embeddings Multilingual using Knowledge Distillation, 2020,
///   arXiv:2004.09813.
///
/// ## Requirements
/// 1. A vector for each text, of as many dimensions as the model has. Models that normalise their embeddings need
///    teachers that do.
///
/// ## Inputs
/// | texts | labels |
/// | --- | --- |
/// | single texts | the teacher's vector |
/// | (sentence1, sentence2) pairs, such as translations | the teacher's vector, for both |
///
/// ## Recommendations
/// - Many texts of the domain; no labels are needed.
///
/// ## Relations
/// - sentence-transformers' `MSELoss`. ``MarginMSELoss`` and ``KLDivergenceLoss`` learn from a teacher's scores.
///
/// ## Example
/// ```swift
/// let loss = MSELoss()
/// ```
public struct MSELoss: TaughtTextLoss {
    public var name: String { "mse" }

    /// The loss; it has no settings.
    public init() {}

    /// The loss of a batch and its gradients. O(B · D).
    public func evaluate(_ rows: TaughtRows, of embeddings: MatrixView<Float>) -> LossValue {
        precondition(rows.vectors.columns == embeddings.columns, "the teacher's vectors have other dimensions")
        var errors = gathered(embeddings, rows.texts)
        add(rows.vectors, to: &errors, scale: -1)
        let count = Double(max(errors.rows * errors.columns, 1))
        let loss = sumOfSquares(errors.view) / count
        VectorMath.scale(&errors, by: Float(2 / count))
        var gradients = Matrix<Float>(rows: embeddings.rows, columns: embeddings.columns)
        scatterAdd(errors, to: &gradients, at: rows.texts)
        return LossValue(loss: loss, gradients: gradients)
    }
}
