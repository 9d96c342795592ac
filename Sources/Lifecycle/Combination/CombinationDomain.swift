public import Training

/// A data set that a combination is to serve, and how much it counts.
public struct CombinationDomain {
    /// What messages and tables call it: its path.
    public let name: String
    /// Measures the encoder on it.
    public let evaluator: any DevelopmentEvaluator
    /// Its share in the mean over the domains, above 0; only the proportions matter.
    public let weight: Double

    /// A domain by its evaluator.
    public init(name: String, evaluator: any DevelopmentEvaluator, weight: Double = 1) {
        self.name = name
        self.evaluator = evaluator
        self.weight = weight
    }
}

/// A data set that a combination should not spoil.
public struct CombinationCanary {
    /// What messages and tables call it: its path.
    public let name: String
    /// Measures the encoder on it.
    public let evaluator: any DevelopmentEvaluator
    /// What its metric may be below the base's, as a fraction: 0.01 is one point.
    public let budget: Double

    /// A canary by its evaluator.
    public init(name: String, evaluator: any DevelopmentEvaluator, budget: Double = 0.01) {
        self.name = name
        self.evaluator = evaluator
        self.budget = budget
    }
}
