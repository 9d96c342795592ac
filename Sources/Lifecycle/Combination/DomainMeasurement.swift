internal import Encoders
internal import Evaluation
internal import Training

/// What an encoder reached on one data set, and the values behind it where the evaluator gives them.
struct DomainMeasurement {
    /// What a paired comparison needs.
    enum Detail {
        /// The metric that decides, by query.
        case queries([String: Double])
        /// The similarities of scored pairs.
        case pairs(ScoredPairResult)
    }

    let metrics: [String: Double]
    let detail: Detail?

    /// Evaluates an encoder once.
    ///
    /// - Parameter name: what messages call the data set.
    init(of encoder: TextEncoder, by evaluator: any DevelopmentEvaluator, name: String) throws(LifecycleError) {
        do {
            (metrics, detail) = try Self.measure(encoder, by: evaluator)
        } catch {
            throw .evaluationFailed(name: name, reason: "\(error)")
        }
        guard let value = metrics[evaluator.metric], value.isFinite else {
            let found = metrics[evaluator.metric].map { "it is \($0)" } ?? "it has \(metrics.keys.sorted())"
            throw .evaluationFailed(name: name, reason: "\(evaluator.metric) is wanted, \(found)")
        }
    }

    private static func measure(
        _ encoder: TextEncoder, by evaluator: any DevelopmentEvaluator
    ) throws -> ([String: Double], Detail?) {
        if let pairs = evaluator as? HeldOutPairs {
            let result = try pairs.evaluator.evaluate(encoder, maxLength: pairs.maxLength, progress: pairs.progress)
            return (["spearman": result.spearman, "pearson": result.pearson], .pairs(result))
        }
        guard let explaining = evaluator as? any ExplainingEvaluator else {
            return (try evaluator.evaluate(encoder), nil)
        }
        let found = try explaining.evaluateInDetail(encoder)
        let values = found.queries.compactMap { query in query.metrics[evaluator.metric].map { (query.id, $0) } }
        return (found.metrics, .queries(Dictionary(values) { first, _ in first }))
    }

    /// How much better another encoder is on the same data set; nil where the evaluator gives no values to pair, or they
    /// cannot be compared.
    func comparison(with other: DomainMeasurement, metric: String) -> Comparison? {
        switch (detail, other.detail) {
        case (.queries(let first), .queries(let second)): try? Comparison(first, second, metric: metric)
        case (.pairs(let first), .pairs(let second)): try? Comparison(first, second)
        default: nil
        }
    }
}
