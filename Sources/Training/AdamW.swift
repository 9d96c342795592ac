public import VectorMath

/// Adam with decoupled weight decay over some matrices.
///
/// The update is PyTorch's, every operation in its order: decay by `rate · weightDecay`, then a step of
/// `rate / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)`.
///
/// Reference: Loshchilov, Hutter: Decoupled Weight Decay Regularization, 2019, arXiv:1711.05101.
public struct AdamW: Sendable {
    /// The constants of the update.
    public struct Constants: Sendable, Equatable {
        /// What weights are decayed by, relative to the learning rate.
        public var weightDecay: Double = 0.01
        /// How slowly the first moment forgets.
        public var beta1: Double = 0.9
        /// How slowly the second moment forgets.
        public var beta2: Double = 0.999
        /// What keeps the division apart from zero.
        public var epsilon: Double = 1e-8

        /// PyTorch's defaults, but for what is given.
        public init(weightDecay: Double = 0.01) { self.weightDecay = weightDecay }
    }

    /// The constants of the update.
    public let constants: Constants
    /// Whether each matrix decays.
    public let decays: [Bool]
    /// What the learning rate of each matrix is multiplied by.
    public let rates: [Double]
    /// The moments of each matrix.
    public private(set) var moments: [Moment]
    /// The number of steps taken.
    public private(set) var steps: Int

    /// An optimiser before its first step.
    ///
    /// - Parameters:
    ///   - decays: whether each matrix decays; nil for all.
    ///   - rates: what the learning rate of each matrix is multiplied by; nil for 1.
    public init(
        for matrices: [Matrix<Float>], decays: [Bool]? = nil, rates: [Double]? = nil,
        constants: Constants = Constants()
    ) {
        self.init(
            moments: matrices.map(Moment.init(zerosLike:)), decays: decays ?? matrices.map { _ in true },
            rates: rates, steps: 0, constants: constants)
    }

    /// An optimiser that continues where another was.
    public init(
        moments: [Moment], decays: [Bool], rates: [Double]? = nil, steps: Int, constants: Constants = Constants()
    ) {
        precondition(steps >= 0, "steps are counted from 0")
        precondition(moments.count == decays.count, "every matrix decays or does not")
        precondition(rates == nil || rates?.count == moments.count, "every matrix has a learning rate")
        self.moments = moments
        self.decays = decays
        self.rates = rates ?? decays.map { _ in 1 }
        self.steps = steps
        self.constants = constants
    }

    /// Takes one step.
    ///
    /// - Parameters:
    ///   - matrices: what is optimised, of the shapes that the optimiser was made for.
    ///   - gradients: the gradients of the loss.
    ///   - gradientScale: what the gradients are multiplied by first, see ``clippingScale(norm:limit:)``.
    public mutating func step(
        _ matrices: inout [Matrix<Float>], gradients: [Matrix<Float>], learningRate: Double, gradientScale: Float = 1
    ) {
        precondition(matrices.count == moments.count, "the optimiser belongs to other matrices")
        precondition(gradients.count == moments.count, "the gradients belong to other matrices")
        steps += 1
        var still = constants
        still.weightDecay = 0
        for index in moments.indices {
            moments[index].step(
                &matrices[index], gradient: gradients[index], learningRate: learningRate * rates[index],
                gradientScale: gradientScale, steps: steps, constants: decays[index] ? constants : still)
        }
    }

    /// What a gradient is multiplied by so that its norm stays within a limit, as torch's `clip_grad_norm_` computes it.
    ///
    /// - Parameters:
    ///   - norm: the Euclidean norm of all gradients together.
    ///   - limit: the longest norm that is left alone; 0 for no limit.
    public static func clippingScale(norm: Double, limit: Double) -> Float {
        guard limit > 0 else { return 1 }
        return Float(min(1, limit / (norm + 1e-6)))
    }
}

extension AdamW {
    /// The running means of a matrix's gradient and of its square.
    public struct Moment: Sendable {
        /// Of the gradient.
        public var first: Matrix<Float>
        /// Of its square.
        public var second: Matrix<Float>

        /// Given means.
        public init(first: Matrix<Float>, second: Matrix<Float>) {
            self.first = first
            self.second = second
        }

        init(zerosLike matrix: Matrix<Float>) {
            let zeros = Matrix<Float>(rows: matrix.rows, columns: matrix.columns)
            self.init(first: zeros, second: zeros)
        }

        mutating func step(
            _ parameters: inout Matrix<Float>, gradient: Matrix<Float>, learningRate: Double, gradientScale: Float,
            steps: Int, constants: Constants
        ) {
            adamWStep(
                parameters: &parameters, gradients: gradient.view, firstMoment: &first, secondMoment: &second,
                learningRate: learningRate, beta1: constants.beta1, beta2: constants.beta2,
                epsilon: constants.epsilon, weightDecay: constants.weightDecay, step: steps,
                gradientScale: gradientScale)
        }
    }
}
