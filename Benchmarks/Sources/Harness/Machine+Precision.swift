public import VectorMath

extension Machine {
    /// Operations a second of one core in a precision.
    public func ceiling(of precision: Precision) -> Double {
        switch precision {
        case .f32: float32Ceiling
        case .bf16: bfloat16Ceiling
        case .int8: int8Ceiling
        }
    }
}
