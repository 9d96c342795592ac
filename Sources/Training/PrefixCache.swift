internal import Encoders
internal import VectorMath

/// The hidden states that the lowest trained block reads, computed once a text: the blocks below stay as they are.
///
/// A text's states do not depend on the texts around it, so a step has the same bits whether they were kept or computed again.
struct PrefixCache: Sendable {
    /// The lowest block that trains.
    let lowest: Int
    /// Bytes that states may take; texts that come when they are used up are computed each time.
    let byteBudget: Int
    private var states: [[Int32]: Matrix<Float>] = [:]
    private(set) var byteCount = 0

    init(lowest: Int, byteBudget: Int) {
        self.lowest = lowest
        self.byteBudget = byteBudget
    }

    /// The states `[T, D]` of a batch.
    mutating func hiddenStates(_ batch: TokenBatch, _ encoder: BERTEncoder) throws(EncodersError) -> Matrix<Float> {
        let texts = (0..<batch.count).map { Array(batch.ids[batch.range(of: $0)]) }
        let missing = texts.indices.filter { states[texts[$0]] == nil }
        var fresh: [Int: Matrix<Float>] = [:]
        if !missing.isEmpty {
            let part = TokenBatch(missing.map { texts[$0] })
            let computed = try encoder.hiddenStates(part, below: lowest)
            for (place, text) in missing.enumerated() {
                let own = Matrix(copying: computed[rows: part.range(of: place)])
                fresh[text] = own
                let bytes = own.rows * own.stride * MemoryLayout<Float>.stride
                guard byteCount + bytes <= byteBudget, states[texts[text]] == nil else { continue }
                states[texts[text]] = own
                byteCount += bytes
            }
        }
        var result = Matrix<Float>(uninitializedRows: batch.tokenCount, columns: encoder.width)
        for (text, ids) in texts.enumerated() {
            copyRows(of: fresh[text] ?? states[ids]!, to: &result, at: batch.offsets[text])
        }
        return result
    }
}
