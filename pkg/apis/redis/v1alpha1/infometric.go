package v1alpha1

// InfoType says how a field of INFO is read.
//
// +kubebuilder:validation:Enum=Gauge;Rate
type InfoType string

// Types of a field of INFO.
const (
	InfoGauge InfoType = "Gauge"
	InfoRate  InfoType = "Rate"
)

// InfoFold says how the values of several nodes are aggregated.
//
// +kubebuilder:validation:Enum=Sum;Max;Min
type InfoFold string

// Folds of a field of INFO.
const (
	InfoSum InfoFold = "Sum"
	InfoMax InfoFold = "Max"
	InfoMin InfoFold = "Min"
)

// InfoSource names a field of INFO.
//
// +kubebuilder:validation:XValidation:rule="!has(self.fold) || self.fold == 'Sum' || self.type == 'Gauge'",fieldPath=".fold",message="fold must be Sum for type Rate, or left out"
type InfoSource struct {
	// field is the name of a field of INFO ALL, for example instantaneous_ops_per_sec.
	// Its value must be a number. INFO ALL leaves out the fields of modules, such as
	// RediSearch.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9_.|-]+$')",message="field must be the name of a field of INFO, for example instantaneous_ops_per_sec"
	Field string `json:"field"`

	// type is Gauge to serve the field as it is, or Rate to serve its growth per
	// second over spec.sampling.window.
	// +required
	Type InfoType `json:"type"`

	// fold aggregates the values of the primaries of a cluster: Sum (the default), Max
	// or Min. A ratio or an age needs Max or Min.
	// +optional
	Fold InfoFold `json:"fold,omitempty"`
}
