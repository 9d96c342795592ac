public import Encoders

/// Something that says how good an encoder is on data that it is not trained on.
public protocol DevelopmentEvaluator {
    /// The metric that decides which adapter is the best one; more is better.
    var metric: String { get }

    /// The metrics of an encoder, among them ``metric``.
    func evaluate(_ encoder: TextEncoder) throws -> [String: Double]
}

/// The metrics after a number of steps.
public struct Evaluation: Sendable, Equatable, Codable {
    /// The number of steps taken before it; 0 is the base model.
    public let step: Int
    /// The value of every metric.
    public let metrics: [String: Double]

    /// Metrics after a number of steps.
    public init(step: Int, metrics: [String: Double]) {
        self.step = step
        self.metrics = metrics
    }
}

/// What the evaluations of a run have found so far.
struct EvaluationHistory: Sendable, Equatable, Codable {
    /// The base model before training.
    var before: Evaluation?
    /// The best of all trained adapters.
    var best: Evaluation?
    /// Evaluations since the best one.
    var sinceBest = 0

    /// Takes an evaluation of a trained adapter in; whether it is a new best. Of equals, the first stays.
    mutating func add(_ evaluation: Evaluation, by metric: String) -> Bool {
        if let best = best?.metrics[metric], let value = evaluation.metrics[metric], best >= value {
            sinceBest += 1
            return false
        }
        best = evaluation
        sinceBest = 0
        return true
    }
}
