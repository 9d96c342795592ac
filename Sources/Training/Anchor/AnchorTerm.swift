internal import Encoders
internal import Files
internal import LowRank
internal import VectorMath

/// Computes the term of ``AnchorSettings`` and its gradients, step after step.
///
/// Which texts a step gets depends on its number and the seed alone: every text comes once in as many steps as it takes
/// to go through all, in an order that is shuffled anew each time. So there is nothing for a checkpoint to keep.
struct AnchorTerm: Sendable {
    private let settings: AnchorSettings
    private let texts: [String]
    private let tokens: [TokenizedData.Tokens]
    private let microBatchTokens: Int
    private let seed: UInt64

    /// Base embeddings by text, of those that a step has had so far; scaled to length 1.
    private var base: [Int: [Float]] = [:]
    private var order: (pass: Int, texts: [Int])?

    /// The adapter's values are drawn from stream 0 of the run's seed, batches from stream 1.
    private static let stream: UInt64 = 1 << 62
    /// Forward passes of the term, apart from those of the batch: dropout falls otherwise.
    private static let firstPass = 1 << 20

    /// The term of a run; nil where its settings ask for none.
    init?(
        _ settings: TrainingSettings, texts: [String], encoder: TextEncoder, maxLength: Int
    ) throws(TrainingError) {
        guard let anchor = settings.anchor else { return nil }
        let texts = Self.distinct(texts)
        guard !texts.isEmpty else {
            throw .invalidSetting(name: "anchor-texts", found: "empty", expected: "at least one text that is not blank")
        }
        self.settings = anchor
        self.texts = texts
        tokens = try wrapEncoders { () throws(EncodersError) in
            try encoder.tokens(of: texts.map { TokenizedData.Text(text: $0, role: .document) }, maxLength: maxLength)
        }
        microBatchTokens = settings.microBatchTokens
        seed = settings.seed
    }

    /// What of the texts decides the bits of the result.
    var identity: [String: JSONValue] {
        ["anchor_sha256": .string(SHA256Digest.of(texts: texts).hex), "anchor_texts": .integer(Int64(texts.count))]
    }

    /// Adds the gradients of the term in a step.
    ///
    /// - Parameters:
    ///   - start: what the adapter began as: with it, the encoder is the base model. Nil for the adapter at strength 0.
    ///   - encoder: the base model as the step has it.
    ///   - options: those of the step, whose number decides which texts take part.
    /// - Returns: the term's value; nil when it was cancelled, and then the gradients are worthless.
    mutating func add(
        adapter: LowRankAdapter, start: LowRankAdapter? = nil, encoder: TrainingEncoder, options: TrainingOptions,
        into gradients: inout AdapterGradients, isCancelled: () -> Bool
    ) throws(TrainingError) -> Double? {
        // Longest first, as in a batch; ties by number.
        let chosen = batch(ofStep: options.step).sorted {
            (tokens[$1].ids.count, $0) < (tokens[$0].ids.count, $1)
        }
        let bound = try wrapEncoders { () throws(EncodersError) in try encoder.bind(adapter) }
        let weight = settings.weight / Double(chosen.count)
        var value = 0.0
        let parts = TextEncoder.batches(lengths: chosen.map { tokens[$0].ids.count }, budget: microBatchTokens)
        for (number, part) in parts.enumerated() {
            guard !isCancelled() else { return nil }
            let members = Array(chosen[part])
            try embedBase(members, start: start ?? adapter.dialled(to: 0), encoder: encoder)
            var options = options
            options.pass = Self.firstPass + number
            let (embeddings, activations) = try wrapEncoders { () throws(EncodersError) in
                try encoder.forward(batch(members), adapter: bound, options: options, keeps: true)
            }
            let (distance, gradient) = Self.distance(
                of: embeddings, from: Matrix(rowsOf: members.map { base[$0]! }), weight: weight)
            value += distance
            encoder.backward(gradient, activations: activations, into: &gradients)
        }
        return value
    }

    /// `weight` · Σ (1 − cos) of the rows of two matrices, the second's of length 1, and its gradient by the first.
    static func distance(
        of embeddings: Matrix<Float>, from target: Matrix<Float>, weight: Double
    ) -> (value: Double, gradient: Matrix<Float>) {
        var unit = embeddings
        let norms = normalizeRows(&unit)
        let cosines = rowDots(unit.view, target.view)
        var towards = target
        scale(&towards, by: Float(-weight))
        var gradient = Matrix<Float>(uninitializedRows: unit.rows, columns: unit.columns)
        normalizeRowsBackward(towards.view, normalized: unit.view, norms: norms, into: &gradient)
        return (cosines.reduce(0) { $0 + weight * (1 - $1) }, gradient)
    }

    /// The texts of a step, by number.
    private mutating func batch(ofStep step: Int) -> [Int] {
        let size = min(settings.batchSize, texts.count)
        let start = (step - 1) * size
        return (start..<start + size).map { place in
            let (pass, offset) = place.quotientAndRemainder(dividingBy: texts.count)
            if order?.pass != pass {
                var random = RandomGenerator(seed: seed, stream: Self.stream | UInt64(pass))
                var texts = Array(texts.indices)
                random.shuffle(&texts)
                order = (pass, texts)
            }
            return order!.texts[offset]
        }
    }

    private func batch(_ members: [Int]) -> TokenBatch {
        TokenBatch(members.map { tokens[$0].ids }, skipping: members.map { tokens[$0].skipped })
    }

    /// Computes the base embeddings that are still missing: those with the adapter that training began with, so that only
    /// what it has learnt is between the two. A text's does not depend on those that it is computed with.
    private mutating func embedBase(
        _ members: [Int], start: LowRankAdapter, encoder: TrainingEncoder
    ) throws(TrainingError) {
        let missing = members.filter { base[$0] == nil }
        guard !missing.isEmpty else { return }
        var vectors = try wrapEncoders { () throws(EncodersError) in
            try encoder.forward(
                batch(missing), adapter: encoder.bind(start), options: TrainingOptions(), keeps: false
            ).vectors
        }
        _ = normalizeRows(&vectors)
        for (row, text) in missing.enumerated() { base[text] = vectors.row(row) }
    }

    private static func distinct(_ texts: [String]) -> [String] {
        var seen: Set<String> = []
        return texts.filter { !normalized($0).isEmpty && seen.insert($0).inserted }
    }
}
