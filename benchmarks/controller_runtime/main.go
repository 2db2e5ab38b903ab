// The same ScheduledJobs by an operator in Go, built as kubebuilder's CronJob tutorial builds its own: a reconciler on
// controller-runtime that reads from its cache, makes what is missing and updates the status. It counts nothing.
package main

import (
	"context"
	"errors"
	"net/http"
	"os"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

type ScheduledJob struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              Spec   `json:"spec"`
	Status            Status `json:"status,omitempty"`
}

type Spec struct {
	Name              string `json:"name"`
	Schedule          string `json:"schedule"`
	ConcurrencyPolicy string `json:"concurrencyPolicy,omitempty"`
	TimeoutSeconds    *int64 `json:"timeoutSeconds,omitempty"`
}

type Status struct {
	ObservedGeneration int64              `json:"observedGeneration,omitempty"`
	Phase              string             `json:"phase,omitempty"`
	CronJob            string             `json:"cronJob,omitempty"`
	Conditions         []metav1.Condition `json:"conditions,omitempty"`
}

func (in *ScheduledJob) DeepCopyObject() runtime.Object {
	out := *in
	in.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	out.Status.Conditions = append([]metav1.Condition(nil), in.Status.Conditions...)
	return &out
}

type ScheduledJobList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ScheduledJob `json:"items"`
}

func (in *ScheduledJobList) DeepCopyObject() runtime.Object {
	out := *in
	out.Items = make([]ScheduledJob, len(in.Items))
	for index := range in.Items {
		out.Items[index] = *in.Items[index].DeepCopyObject().(*ScheduledJob)
	}
	return &out
}

type reconciler struct {
	client.Client
	scheme *runtime.Scheme
}

func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var scheduledJob ScheduledJob
	if err := r.Get(ctx, request.NamespacedName, &scheduledJob); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	var cronJob batchv1.CronJob
	name := types.NamespacedName{Namespace: request.Namespace, Name: scheduledJob.Spec.Name}
	if err := r.Get(ctx, name, &cronJob); apierrors.IsNotFound(err) {
		made, err := r.cronJob(&scheduledJob)
		if err != nil {
			return ctrl.Result{}, err
		}
		if err := r.Create(ctx, made); err != nil && !apierrors.IsAlreadyExists(err) {
			return ctrl.Result{}, err
		}
	} else if err != nil {
		return ctrl.Result{}, err
	}
	if scheduledJob.Status.ObservedGeneration == scheduledJob.Generation {
		return ctrl.Result{}, nil
	}
	scheduledJob.Status.ObservedGeneration = scheduledJob.Generation
	scheduledJob.Status.Phase = "Scheduled"
	scheduledJob.Status.CronJob = scheduledJob.Spec.Name
	meta.SetStatusCondition(&scheduledJob.Status.Conditions, metav1.Condition{
		Type: "Ready", Status: metav1.ConditionTrue, Reason: "Scheduled",
		Message: "The CronJob is as it should be.", ObservedGeneration: scheduledJob.Generation,
	})
	return ctrl.Result{}, r.Status().Update(ctx, &scheduledJob)
}

func (r *reconciler) cronJob(scheduledJob *ScheduledJob) (*batchv1.CronJob, error) {
	labels := map[string]string{"tally.dev/name": scheduledJob.Spec.Name, "tally.dev/owner": string(scheduledJob.UID)}
	one, never := int32(1), int32(0)
	yes, no, user := true, false, int64(65532)
	made := &batchv1.CronJob{
		ObjectMeta: metav1.ObjectMeta{Name: scheduledJob.Spec.Name, Namespace: scheduledJob.Namespace, Labels: labels},
		Spec: batchv1.CronJobSpec{
			Schedule:          scheduledJob.Spec.Schedule,
			ConcurrencyPolicy: batchv1.ForbidConcurrent,
			JobTemplate: batchv1.JobTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: batchv1.JobSpec{
					BackoffLimit: &never, Parallelism: &one, Completions: &one,
					ActiveDeadlineSeconds: scheduledJob.Spec.TimeoutSeconds,
					Template: corev1.PodTemplateSpec{
						ObjectMeta: metav1.ObjectMeta{Labels: labels},
						Spec: corev1.PodSpec{
							RestartPolicy:                corev1.RestartPolicyNever,
							AutomountServiceAccountToken: &no,
							SecurityContext:              &corev1.PodSecurityContext{RunAsNonRoot: &yes, RunAsUser: &user},
							Containers: []corev1.Container{{
								Name: "job", Image: "runner.example/jobs:1", Args: []string{"run", scheduledJob.Spec.Name},
							}},
						},
					},
				},
			},
		},
	}
	return made, ctrl.SetControllerReference(scheduledJob, made, r.scheme)
}

func main() {
	ctrl.SetLogger(zap.New())
	scheme := runtime.NewScheme()
	group := schema.GroupVersion{Group: "tally.dev", Version: "v1"}
	scheme.AddKnownTypes(group, &ScheduledJob{}, &ScheduledJobList{})
	metav1.AddToGroupVersion(scheme, group)
	check(clientgoscheme.AddToScheme(scheme))
	manager, err := ctrl.NewManager(ctrl.GetConfigOrDie(), ctrl.Options{
		Scheme:                 scheme,
		Metrics:                server.Options{BindAddress: "0"},
		HealthProbeBindAddress: os.Getenv("PROBE"),
	})
	check(err)
	check(ctrl.NewControllerManagedBy(manager).
		For(&ScheduledJob{}).
		Owns(&batchv1.CronJob{}).
		WithOptions(controller.Options{MaxConcurrentReconciles: 25}). // as many as Tally has workers
		Complete(&reconciler{manager.GetClient(), scheme}))
	check(manager.AddReadyzCheck("caches", func(request *http.Request) error {
		if !manager.GetCache().WaitForCacheSync(request.Context()) {
			return errors.New("the caches are not full yet")
		}
		return nil
	}))
	check(manager.Start(ctrl.SetupSignalHandler()))
}

func check(err error) {
	if err != nil {
		ctrl.Log.Error(err, "cannot go on")
		os.Exit(1)
	}
}
