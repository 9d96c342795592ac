internal import Files

/// Which loss a run has, and its settings. Nil stands for what the loss has by itself; what a loss does not have must
/// not be set.
public struct LossSettings: Sendable, Equatable {
    /// The losses, by the names of the command line.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// ``MultipleNegativesRankingLoss``.
        case mnrl
        /// The same: the trainer caches gradients of itself where activations do not fit in the memory budget.
        case cachedMNRL = "cached-mnrl"
        /// ``GISTEmbedLoss``.
        case gist
        /// ``TripletLoss``.
        case triplet
        /// ``BatchHardTripletLoss``.
        case batchHard = "batch-hard"
        /// ``BatchSemiHardTripletLoss``.
        case batchSemiHard = "batch-semi-hard"
        /// ``BatchAllTripletLoss``.
        case batchAll = "batch-all"
        /// ``BatchHardSoftMarginTripletLoss``.
        case batchHardSoftMargin = "batch-hard-soft-margin"
        /// ``ContrastiveLoss``.
        case contrastive
        /// ``OnlineContrastiveLoss``.
        case onlineContrastive = "online-contrastive"
        /// ``CosineSimilarityLoss``.
        case cosine
        /// ``CoSENTLoss``.
        case cosent
        /// ``AnglELoss``.
        case angle
        /// ``SoftmaxLoss``.
        case softmax
        /// ``MSELoss``.
        case mse
        /// ``MarginMSELoss``.
        case marginMSE = "margin-mse"
        /// ``KLDivergenceLoss``.
        case kl
    }

    /// Which loss.
    public var kind = Kind.mnrl
    /// What similarities are multiplied by; 20, and 100 for `gist`.
    public var scale: Double?
    /// How much nearer, or how far apart; 0.2 for triplets, 0.5 for pairs.
    public var margin: Double?
    /// What compares two vectors; cosine, and the dot product for a teacher's scores.
    public var measure: VectorMeasure?
    /// What `mnrl` compares; anchors with documents.
    public var directions: Set<ContrastDirection>?
    /// How the directions of `mnrl` share their softmax.
    public var partition: MultipleNegativesRankingLoss.Partition?
    /// Which negatives of `mnrl` weigh more the nearer they are.
    public var hardness: MultipleNegativesRankingLoss.Hardness.Mode?
    /// By how much; 9, and 5 for hard negatives alone.
    public var hardnessStrength: Double?
    /// What `kl` divides similarities and scores by; 1.
    public var temperature: Double?
    /// The prefixes of ``MatryoshkaLoss``; empty for none.
    public var matryoshka: [Int] = []
    /// What each prefix counts; empty for 1 each.
    public var matryoshkaWeights: [Double] = []
    /// What in-batch losses leave out; duplicates and known positives, and for `gist` what the guide finds nearer.
    public var masks: Set<FalseNegativeMask>?
    /// How much less near than the positive the guide may find what it leaves out: cosines, or a part of the positive's.
    public var guideMargin = 0.0
    /// Whether the guide's margin is a part of the positive's cosine.
    public var guideMarginIsRelative = false
    /// The range of the data's scores, which is brought to 0…1; nil where they stay as they are.
    public var scoreRange: ClosedRange<Double>?

    /// Multiple negatives ranking, as it is by itself.
    public init() {}
}

extension LossSettings.Kind {
    var isRanking: Bool { self == .mnrl || self == .cachedMNRL }
    var isInBatch: Bool { isRanking || self == .gist }
    var hasScale: Bool { isInBatch || self == .cosent || self == .angle }
    var hasMargin: Bool { defaultMargin != nil }

    /// The measures that the loss can have, its own first; none where there is no choice.
    var measures: [VectorMeasure] {
        switch self {
        case .triplet, .contrastive, .onlineContrastive, .batchHard, .batchSemiHard, .batchAll, .batchHardSoftMargin:
            [.cosine, .euclidean, .manhattan]
        case .marginMSE, .kl: [.dot, .cosine]
        default: []
        }
    }

    var defaultScale: Double { self == .gist ? 100 : 20 }

    var defaultMargin: Double? {
        switch self {
        case .triplet, .batchHard, .batchSemiHard, .batchAll: 0.2
        case .contrastive, .onlineContrastive: 0.5
        default: nil
        }
    }
}

// MARK: What is in force

extension LossSettings {
    /// What in-batch losses leave out.
    public var effectiveMasks: Set<FalseNegativeMask> {
        masks ?? (kind == .gist ? [.duplicates, .positives, .guide] : [.duplicates, .positives])
    }

    var effectiveScale: Double { scale ?? kind.defaultScale }

    private var effectiveHardness: MultipleNegativesRankingLoss.Hardness? {
        hardness.map { mode in
            let strength = hardnessStrength ?? (mode == .hardNegatives ? 5 : 9)
            return MultipleNegativesRankingLoss.Hardness(mode, strength: Float(strength))
        }
    }

    var guideMaskMargin: GuideMask.Margin {
        guideMarginIsRelative ? .relative(Float(guideMargin)) : .absolute(Float(guideMargin))
    }

    /// The loss of these settings, which are valid.
    ///
    /// - Parameters:
    ///   - dimension: the width of the embeddings.
    ///   - classes: how many classes pairs have.
    ///   - seed: decides the first values of a loss with weights of its own.
    func makeLoss(dimension: Int, classes: Int, seed: UInt64) -> any EmbeddingLoss {
        let loss = makeLossOfOneWidth(dimension: dimension, classes: classes, seed: seed)
        guard !matryoshka.isEmpty else { return loss }
        return MatryoshkaLoss(
            loss, dimensions: matryoshka, weights: matryoshkaWeights.isEmpty ? nil : matryoshkaWeights)
    }

    private func makeLossOfOneWidth(dimension: Int, classes: Int, seed: UInt64) -> any EmbeddingLoss {
        let measure = measure ?? kind.measures.first ?? .cosine
        let margin = margin ?? kind.defaultMargin ?? 0
        switch kind {
        case .mnrl, .cachedMNRL:
            return MultipleNegativesRankingLoss(
                scale: Float(effectiveScale), directions: directions ?? [.queryToDocument],
                partition: partition ?? .joint, hardness: effectiveHardness, name: kind.rawValue)
        case .gist: return GISTEmbedLoss(scale: Float(effectiveScale))
        case .triplet: return TripletLoss(measure, margin: margin)
        case .batchHard: return BatchHardTripletLoss(measure, margin: margin)
        case .batchSemiHard: return BatchSemiHardTripletLoss(measure, margin: margin)
        case .batchAll: return BatchAllTripletLoss(measure, margin: margin)
        case .batchHardSoftMargin: return BatchHardSoftMarginTripletLoss(measure)
        case .contrastive: return ContrastiveLoss(measure, margin: margin)
        case .onlineContrastive: return OnlineContrastiveLoss(measure, margin: margin)
        case .cosine: return CosineSimilarityLoss()
        case .cosent: return CoSENTLoss(scale: effectiveScale)
        case .angle: return AnglELoss(scale: effectiveScale)
        case .softmax: return SoftmaxLoss(dimension: dimension, classes: classes, seed: seed)
        case .mse: return MSELoss()
        case .marginMSE: return MarginMSELoss(measure)
        case .kl: return KLDivergenceLoss(measure, temperature: temperature ?? 1)
        }
    }

    // MARK: Checks and records

    /// Refuses what no loss can be made with, and what the loss does not have.
    func validate() throws(TrainingError) {
        func require(
            _ holds: Bool, _ name: String, _ value: String, _ expected: String
        ) throws(TrainingError) {
            guard holds else { throw .invalidSetting(name: name, found: value, expected: expected) }
        }
        func refuse<Value>(_ value: Value?, _ name: String, unless has: Bool) throws(TrainingError) {
            if let value, !has {
                throw .invalidSetting(name: name, found: "\(value)", expected: "nothing: \(kind.rawValue) has none")
            }
        }
        try require(
            effectiveScale > 0 && Float(effectiveScale).isFinite, "scale", "\(effectiveScale)", "a positive number")
        try refuse(margin, "margin", unless: kind.hasMargin)
        try require(margin?.isFinite ?? true, "margin", "\(margin ?? 0)", "a finite number")
        try refuse(measure?.rawValue, "measure", unless: !kind.measures.isEmpty)
        try require(
            measure.map(kind.measures.contains) ?? true, "measure", measure?.rawValue ?? "",
            kind.measures.map(\.rawValue).joined(separator: " or "))
        let names = directions.map { $0.map(\.rawValue).sorted().joined(separator: ",") }
        try refuse(names, "directions", unless: kind.isRanking)
        try require(
            directions?.contains(.queryToDocument) ?? true, "directions", names ?? "", "query-to-doc and others")
        try refuse(partition?.rawValue, "partition", unless: kind.isRanking)
        try require(
            partition != .perDirection || (directions ?? []).isDisjoint(with: [.queryToQuery, .documentToDocument]),
            "partition", "per-direction", "joint with query-to-query or doc-to-doc, which do not hold the pair")
        try refuse(hardness?.rawValue, "hardness", unless: kind.isRanking)
        try refuse(hardnessStrength, "hardness-strength", unless: hardness != nil)
        try require(
            hardnessStrength.map { $0 >= 0 && Float($0).isFinite } ?? true, "hardness-strength",
            "\(hardnessStrength ?? 0)", "0 or more")
        try refuse(temperature, "temperature", unless: kind == .kl)
        try require(
            temperature.map { $0 > 0 && $0.isFinite } ?? true, "temperature", "\(temperature ?? 1)", "a positive number"
        )
        try refuse(
            masks.map { $0.map(\.rawValue).sorted().joined(separator: ",") }, "masks",
            unless: kind.isInBatch || kind == .triplet)
        try require(guideMargin.isFinite, "guide-margin", "\(guideMargin)", "a finite number")
        try require(
            guideMargin == 0 || effectiveMasks.contains(.guide), "guide-margin", "\(guideMargin)",
            "nothing without the guide's mask")
        try validateMatryoshka()
        if let scoreRange {
            try require(
                scoreRange.lowerBound.isFinite && scoreRange.upperBound.isFinite
                    && scoreRange.lowerBound < scoreRange.upperBound, "score-range",
                "\(scoreRange.lowerBound),\(scoreRange.upperBound)", "two numbers, the lower first")
        }
    }

    private func validateMatryoshka() throws(TrainingError) {
        let list = matryoshka.map(String.init).joined(separator: ",")
        guard matryoshka.allSatisfy({ $0 > 0 }), Set(matryoshka).count == matryoshka.count else {
            throw .invalidSetting(name: "matryoshka", found: list, expected: "different positive dimensions")
        }
        guard matryoshka.isEmpty || kind != .softmax else {
            throw .invalidSetting(
                name: "matryoshka", found: list, expected: "nothing: the classifier of softmax has one width")
        }
        guard kind != .angle || matryoshka.allSatisfy({ $0 % 2 == 0 }) else {
            throw .invalidSetting(name: "matryoshka", found: list, expected: "even dimensions: angle halves them")
        }
        guard matryoshkaWeights.isEmpty || matryoshkaWeights.count == matryoshka.count,
            matryoshkaWeights.allSatisfy({ $0 > 0 && $0.isFinite })
        else {
            throw .invalidSetting(
                name: "matryoshka-weights", found: matryoshkaWeights.map { "\($0)" }.joined(separator: ","),
                expected: "a positive number for each dimension")
        }
    }

    /// Refuses what does not go with a model's width.
    func validate(dimension: Int) throws(TrainingError) {
        if let longest = matryoshka.max(), longest > dimension {
            throw .invalidSetting(
                name: "matryoshka", found: "\(longest)", expected: "at most the model's \(dimension) dimensions")
        }
        if kind == .angle, dimension % 2 != 0 {
            throw .invalidSetting(
                name: "loss", found: "angle",
                expected: "another one: the model's \(dimension) dimensions are no even number")
        }
    }

    /// What decides the bits of a result, under the names of the command line's flags.
    var identity: [String: JSONValue] {
        var fields: [String: JSONValue] = [
            "loss": .string(kind.rawValue), "matryoshka": .array(matryoshka.map { .integer(Int64($0)) }),
            "matryoshka-weights": .array(matryoshkaWeights.map(JSONValue.number)),
            "score-range": scoreRange.map { [.number($0.lowerBound), .number($0.upperBound)] } ?? .null,
        ]
        if kind.hasScale { fields["scale"] = .number(effectiveScale) }
        if let own = kind.defaultMargin { fields["margin"] = .number(margin ?? own) }
        if let own = kind.measures.first { fields["measure"] = .string((measure ?? own).rawValue) }
        if kind == .kl { fields["temperature"] = .number(temperature ?? 1) }
        if kind.isRanking {
            let directions = ContrastDirection.allCases.filter((directions ?? [.queryToDocument]).contains)
            fields["directions"] = .array(directions.map { .string($0.rawValue) })
            fields["partition"] = .string((partition ?? .joint).rawValue)
            fields["hardness"] = effectiveHardness.map { .string($0.mode.rawValue) } ?? .null
            fields["hardness-strength"] = effectiveHardness.map { .number(Double($0.strength)) } ?? .null
        }
        if kind.isInBatch || kind == .triplet {
            let masks = FalseNegativeMask.allCases.filter(effectiveMasks.contains)
            fields["masks"] = .array(masks.map { .string($0.rawValue) })
            if masks.contains(.guide) {
                fields["guide-margin"] = .number(guideMargin)
                fields["guide-margin-relative"] = .bool(guideMarginIsRelative)
            }
        }
        return fields
    }
}
