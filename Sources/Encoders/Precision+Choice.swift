public import ModelFiles
public import VectorMath

extension Precision {
    /// The most points that int8 may have lost on any calibrated data set to be chosen without being asked for.
    public static let toleratedLoss = 0.1

    /// The precision for a model where nobody asks for one, and why: int8 where a calibration record beside the model shows next to no
    /// loss, else bf16 where the processor has it, else f32.
    public static func choice(
        for folder: ModelFolder
    ) throws(EncodersError) -> (precision: Precision, reason: String) {
        let record: CalibrationRecord?
        do throws(ModelFilesError) {
            record = try CalibrationRecord.read(of: folder)
        } catch {
            throw .model(error)
        }
        if Precision.int8.isNative, let loss = record?.loss(of: Precision.int8.rawValue), loss <= toleratedLoss {
            return (.int8, "calibrated: it loses at most \(rounded(max(0, loss))) points")
        }
        return standard == .bf16
            ? (.bf16, "the processor computes with it") : (.f32, "the processor has nothing faster")
    }

    private static func rounded(_ points: Double) -> Double { (points * 100).rounded(.up) / 100 }
}
