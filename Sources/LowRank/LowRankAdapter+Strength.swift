internal import VectorMath

extension LowRankAdapter {
    /// The same adapter at another strength: 0 is the base model, 1 the adapter as it was trained, -1 its opposite.
    ///
    /// - Precondition: It is plain: neither magnitudes nor biases can be dialled; see `requireProducts(for:)`.
    public func scaled(by strength: Float) -> LowRankAdapter {
        precondition(isPlain, "the strength of an adapter with magnitudes or biases")
        var copy = self
        for i in copy.pairs.indices { copy.pairs[i].scaling *= strength }
        return copy
    }

    /// The adapter with the opposite effect: B is -B, to the bit. Twice is the adapter as it was.
    public func negated() throws(LowRankError) -> LowRankAdapter {
        try requirePlain(for: "negating")
        var copy = self
        for i in copy.pairs.indices { scale(&copy.pairs[i].b, by: -1) }
        return copy
    }

    /// Whether it is nothing but products B · A.
    public var isPlain: Bool { biases.isEmpty && !hasMagnitudes }

    /// Whether it is a DoRA adapter: the rows of the changed weights have lengths of their own.
    public var hasMagnitudes: Bool { pairs.contains { $0.magnitude != nil } }

    /// Throws unless the adapter is nothing but products B · A, naming what it has beside them.
    public func requirePlain(for operation: String) throws(LowRankError) {
        try requireProducts(for: operation)
        guard biases.isEmpty else { throw .notPlain(operation: operation, what: "trained biases") }
    }

    /// Throws where the change of a weight is more than a product B · A.
    func requireProducts(for operation: String) throws(LowRankError) {
        guard !hasMagnitudes else { throw .notPlain(operation: operation, what: "the magnitudes of DoRA") }
    }
}
