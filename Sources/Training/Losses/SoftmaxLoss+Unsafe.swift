public import VectorMath

#if canImport(Glibc)
    internal import Glibc
#endif

/// Tells the class of a pair from both vectors: a classifier over `u`, `v` and `|u − v|`, trained along.
///
/// With the classifier's weights `W` `[K, 3D]` and `b` `[K]` the loss is the cross-entropy of
/// `softmax(W · (u, v, |u − v|) + b)`.
///
/// ## What it learns
/// Vectors that show how two texts are related: whether one entails or contradicts the other. The classifier is of no
/// use afterwards; it is part of checkpoints and not of the adapter.
///
/// ## Args
/// - `dimension`: the width of the embeddings.
/// - `classes`: how many there are.
/// - `seed`: decides the classifier's first values, uniform within 1/√(3D) as PyTorch's linear layers.
///
/// ## References
/// - Conneau et al.: InferSent, 2017, arXiv:1705.02364; Reimers, Gurevych: Sentence-BERT, 2019, arXiv:1908.10084,
///   classification objective.
///
/// ## Requirements
/// 1. Pairs with classes, by name or as whole numbers.
///
/// ## Inputs
/// | texts | labels |
/// | --- | --- |
/// | (premise, hypothesis) or (sentence1, sentence2) pairs | the class |
///
/// ## Recommendations
/// - Natural language inference, before training on scores. Entailment pairs with contradictions as hard negatives and
///   ``MultipleNegativesRankingLoss`` give better vectors for search.
///
/// ## Relations
/// - sentence-transformers' `SoftmaxLoss`.
///
/// ## Example
/// ```swift
/// let loss = SoftmaxLoss(dimension: 384, classes: 3, seed: 0)
/// ```
public struct SoftmaxLoss: ClassifiedPairLoss, TrainableLoss {
    /// The classifier: `W` `[K, 3D]` and `b` `[1, K]`.
    public var weights: [Matrix<Float>]

    public var name: String { "softmax" }

    /// What draws the first values: a stream of its own, apart from the adapter's and the sampler's.
    private static let stream: UInt64 = 2

    /// A classifier with seeded first values.
    public init(dimension: Int, classes: Int, seed: UInt64) {
        precondition(dimension > 0 && classes > 0, "a classifier has dimensions and classes")
        var random = RandomGenerator(seed: seed, stream: Self.stream)
        let bound = 1 / Float(3 * dimension).squareRoot()
        func uniform(_ count: Int) -> [Float] { (0..<count).map { _ in (2 * random.uniform() - 1) * bound } }
        weights = [
            Matrix(rows: classes, columns: 3 * dimension, elements: uniform(classes * 3 * dimension)),
            Matrix(rows: 1, columns: classes, elements: uniform(classes)),
        ]
    }

    /// A classifier with given values, `[K, 3D]` and `[1, K]`.
    public init(weights: Matrix<Float>, bias: Matrix<Float>) {
        precondition(bias.rows == 1 && bias.columns == weights.rows, "every class has a bias")
        self.weights = [weights, bias]
    }

    /// The loss of a batch and its gradients. O(B · D · K).
    public func evaluate(_ rows: ClassifiedPairRows, of embeddings: MatrixView<Float>) -> LossValue {
        let (classifier, bias) = (weights[0], weights[1])
        let (count, width) = (rows.first.count, embeddings.columns)
        precondition(classifier.columns == 3 * width, "the classifier is of another width")
        precondition(rows.classes.allSatisfy { $0 >= 0 && $0 < classifier.rows }, "the classifier lacks a class")
        let (first, second) = (gathered(embeddings, rows.first), gathered(embeddings, rows.second))
        var features = Matrix<Float>(uninitializedRows: count, columns: 3 * width)
        var signs = Matrix<Float>(uninitializedRows: count, columns: width)
        fill(&features, &signs, first: first, second: second)

        var probabilities = Matrix<Float>(uninitializedRows: count, columns: classifier.rows)
        multiply(features.view, classifier.view, transposingSecond: true, into: &probabilities)
        addRowVector(bias.row(0), to: &probabilities)
        let loss = crossEntropy(&probabilities, classes: rows.classes)

        var classifierGradient = Matrix<Float>(rows: classifier.rows, columns: classifier.columns)
        multiply(probabilities.view, transposingFirst: true, features.view, into: &classifierGradient)
        var biasGradient = [Float](repeating: 0, count: classifier.rows)
        addColumnSums(of: probabilities.view, to: &biasGradient)

        var featureGradients = Matrix<Float>(uninitializedRows: count, columns: 3 * width)
        multiply(probabilities.view, classifier.view, into: &featureGradients)
        var gradients = Matrix<Float>(rows: embeddings.rows, columns: width)
        var firstGradients = Matrix(copying: featureGradients.view.columns(0..<width))
        var secondGradients = Matrix(copying: featureGradients.view.columns(width..<2 * width))
        multiplyElements(featureGradients.view.columns(2 * width..<3 * width), into: &signs)
        add(signs.view, to: &firstGradients)
        add(signs.view, to: &secondGradients, scale: -1)
        scatterAdd(firstGradients, to: &gradients, at: rows.first)
        scatterAdd(secondGradients, to: &gradients, at: rows.second)
        return LossValue(
            loss: loss, gradients: gradients,
            weightGradients: [
                classifierGradient, Matrix(rows: 1, columns: biasGradient.count, elements: biasGradient),
            ])
    }

    /// Makes the rows (u, v, |u − v|), and the signs of u − v.
    private func fill(
        _ features: inout Matrix<Float>, _ signs: inout Matrix<Float>, first: Matrix<Float>, second: Matrix<Float>
    ) {
        let (count, width, inputStride) = (first.rows, first.columns, first.stride)
        let (stride, signStride) = (features.stride, signs.stride)
        features.withUnsafeMutablePointer { features in
            signs.withUnsafeMutablePointer { signs in
                first.withUnsafePointer { first in
                    second.withUnsafePointer { second in
                        for row in 0..<count {
                            let (u, v) = (first + row * inputStride, second + row * inputStride)
                            let target = features + row * stride
                            target.update(from: u, count: width)
                            (target + width).update(from: v, count: width)
                            LossKernels.absoluteDifferences(u, v, into: target + 2 * width, count: width)
                            LossKernels.differenceSigns(u, v, into: signs + row * signStride, count: width)
                        }
                    }
                }
            }
        }
    }

    /// The mean cross-entropy of rows of scores; they become its derivative.
    private func crossEntropy(_ scores: inout Matrix<Float>, classes: [Int]) -> Double {
        let mean = 1 / Double(max(classes.count, 1))
        var sum = 0.0
        for (row, wanted) in classes.enumerated() {
            let values = scores.row(row).map(Double.init)
            let top = values.max() ?? 0
            let total = top + log(values.reduce(0) { $0 + exp($1 - top) })
            sum += total - values[wanted]
            for (column, value) in values.enumerated() {
                scores[row, column] = Float(mean * (exp(value - total) - (column == wanted ? 1 : 0)))
            }
        }
        return sum * mean
    }
}
