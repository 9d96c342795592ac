public import Encoders
internal import Files
public import LowRank
internal import ModelFiles

/// Finds how strong an adapter should be: best for its domain, as long as other texts do not lose too much.
///
/// An adapter's product is multiplied by a scale, from 0 (the base model) to 1 (as it was trained): a straight line
/// through the weights, which costs no training. At each point the model is evaluated on the domain's development set and
/// on a canary set, of texts that it has to go on serving. Of the points at which the canary's metric is at most
/// ``budget`` below the base's, the one with the best domain metric is chosen; of equals the lowest. Scale 0 is always
/// within the budget.
///
/// Reference: Wortsman et al.: Robust fine-tuning of zero-shot models, 2021, arXiv:2109.01903 (the line between base and
/// tuned weights).
public struct StrengthDial {
    /// Measures what the adapter was trained for.
    public let domain: any DevelopmentEvaluator
    /// Measures what it should not spoil.
    public let canary: any DevelopmentEvaluator
    /// What the canary's metric may lose against the base, as a fraction: 0.01 is one point.
    public let budget: Double
    /// How many equal steps lead from scale 0 to scale 1.
    public let steps: Int

    /// A dial that tries `steps + 1` scales.
    public init(
        domain: any DevelopmentEvaluator, canary: any DevelopmentEvaluator, budget: Double = 0.01, steps: Int = 10
    ) throws(TrainingError) {
        guard budget >= 0, budget.isFinite else {
            throw .invalidSetting(name: "dial-budget", found: "\(budget)", expected: "0 or more; 0.01 is one point")
        }
        guard (1...1000).contains(steps) else {
            throw .invalidSetting(name: "dial-steps", found: "\(steps)", expected: "from 1 to 1000")
        }
        self.domain = domain
        self.canary = canary
        self.budget = budget
        self.steps = steps
    }

    /// What a run is resumed with, and must be resumed with the same.
    var json: JSONValue {
        [
            "budget": .number(budget), "steps": .integer(Int64(steps)), "domain_metric": .string(domain.metric),
            "canary_metric": .string(canary.metric),
        ]
    }

    /// Evaluates an adapter at every scale and chooses one.
    ///
    /// - Parameters:
    ///   - base: the base model.
    ///   - steps: the number of training steps that made the adapter, for messages.
    ///   - found: called after each point.
    ///   - isCancelled: asked before each point.
    /// - Returns: nil when it was cancelled.
    /// - Complexity: ``steps`` + 1 evaluations of either set.
    public func sweep(
        _ adapter: LowRankAdapter, base: TextEncoder, afterSteps trained: Int = 0,
        found: (DialResult.Point) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws(TrainingError) -> DialResult? {
        try wrapLowRank { () throws(LowRankError) in try adapter.requirePlain(for: "dialling") }
        var points: [DialResult.Point] = []
        for number in 0...steps {
            guard !isCancelled() else { return nil }
            let scale = Double(number) / Double(steps)
            let encoder = try wrapEncoders { () throws(EncodersError) in
                try base.adapted(by: number == 0 ? nil : adapter.dialled(to: scale))
            }
            let point = DialResult.Point(
                scale: scale, domain: try domain.metrics(of: encoder, afterSteps: trained),
                canary: try canary.metrics(of: encoder, afterSteps: trained))
            points.append(point)
            found(point)
        }
        return DialResult(
            points: points, domainMetric: domain.metric, canaryMetric: canary.metric, budget: budget)
    }
}

extension DevelopmentEvaluator {
    /// The metrics of an encoder, or an error that says why there are none.
    ///
    /// - Parameter measure: gets them; nil for ``evaluate(_:)``.
    func metrics(
        of encoder: TextEncoder, afterSteps steps: Int, by measure: ((TextEncoder) throws -> [String: Double])? = nil
    ) throws(TrainingError) -> [String: Double] {
        let metrics: [String: Double]
        do {
            metrics = try measure?(encoder) ?? evaluate(encoder)
        } catch {
            throw .evaluationFailed(step: steps, reason: "\(error)")
        }
        guard let value = metrics[metric], value.isFinite else {
            let found = metrics[metric].map { "it is \($0)" } ?? "it has \(metrics.keys.sorted())"
            throw .evaluationFailed(step: steps, reason: "\(metric) is wanted, \(found)")
        }
        return metrics
    }
}

extension LowRankAdapter {
    /// The adapter at a part of its strength, said by its configuration: α and its exceptions are multiplied, the matrices
    /// stay as they are. Files of it are PEFT's like any other, and dividing α again gives the adapter as it was.
    public func dialled(to scale: Double) -> LowRankAdapter {
        var adapter = self
        adapter.configuration.alpha *= scale
        adapter.configuration.alphaPattern = adapter.configuration.alphaPattern.mapValues { $0 * scale }
        for (index, name) in names.enumerated() {
            adapter.pairs[index].scaling = Float(adapter.configuration.scaling(of: name))
        }
        return adapter
    }
}
